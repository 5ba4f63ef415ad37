//! One file a command: its arguments and what it does.

pub mod blocks;
pub mod compare;
pub mod completions;
pub mod convert;
pub mod data;
pub mod data_arguments;
pub mod decode;
pub mod encode;
pub mod evaluate;
pub mod experiments;
pub mod inspect;
pub mod interpolate;
pub mod interpolation_quality;
pub mod man;
pub mod model_file;
pub mod output;
pub mod page;
pub mod pictures;
pub mod profiles;
pub mod reconstruct;
pub mod rows_out;
pub mod run;
pub mod sweep;
pub mod train;
pub mod version;
