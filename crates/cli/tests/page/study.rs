//! A small study on the real data, and what Rust's models make of its images.

use std::fs;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use narrows::compute::Compute;
use narrows::dataset::{Parts, mnist};
use narrows::files;
use narrows::model::Autoencoder;
use narrows::report::live::Quantised;
use tempfile::TempDir;

/// The largest model of the published study.
pub const LARGEST: &str = "three-layer-wide";

/// Its title would run if it were not shown as text.
pub const TITLE: &str = "A study of </script><script>document.title='run'</script><b>names</b>";

pub struct Study {
    folder: TempDir,
    pub data: Parts,
}

impl Study {
    pub fn report(&self) -> PathBuf {
        self.folder.path().join("study/report.html")
    }

    pub fn model_folder(&self, name: &str) -> PathBuf {
        self.folder.path().join("study/models").join(name)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn model(&self, name: &str) -> Autoencoder {
        files::model::load(&self.model_folder(name).join("model.safetensors")).unwrap().0
    }
}

/// One study for all tests: two epochs are enough to have something to look at.
pub fn study() -> &'static Study {
    static STUDY: OnceLock<Study> = OnceLock::new();
    STUDY.get_or_init(|| {
        let folder = TempDir::new().unwrap();
        let experiment = folder.path().join("experiment.toml");
        let toml = format!(
            "title = \"{TITLE}\"\ndata = \"mnist\"\n[training]\nepochs = 2\nactivation = \"silu\"\n\
             optimiser = {{ kind = \"adam\", learning_rate = 1e-2 }}\nschedule = {{ kind = \"one_cycle\" }}\n\
             [[models]]\nname = \"pca\"\nhidden = [16]\noutput = \"linear\"\n\
             [[models]]\nname = \"plane\"\nhidden = [64, 2]\nactivation = \"gelu\"\noutput = \"linear\"\n\
             published = {{ training_loss = 0.0840, curve = \"pca-16\" }}\n\
             [[models]]\nname = \"{LARGEST}\"\nhidden = [128, 64, 16]\noutput = \"tanh\"\n\
             [interpolation]\nsteps = 10\npairs = [{{ first = \"train:7\", second = \"train:1\" }}, \
             {{ first = \"train:4\", second = \"train:8\" }}]\n"
        );
        fs::write(&experiment, toml).unwrap();
        let out = folder.path().join("study");
        let run = Command::new(env!("CARGO_BIN_EXE_narrows"))
            .args(["run", "--quiet", "--out"])
            .args([&out, &experiment])
            .output()
            .unwrap();
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        Study { folder, data: mnist::load() }
    })
}

pub fn compute() -> Compute {
    Compute::new(NonZeroUsize::new(2).unwrap()).unwrap()
}

/// The model with the weights that the page has.
pub fn quantised(model: &Autoencoder) -> Autoencoder {
    let mut model = model.clone();
    for tensor in model.parameters.tensors().to_vec() {
        if let [_, inputs] = tensor.shape[..] {
            let weight = model.parameters.get_mut(&tensor.name).unwrap();
            let rounded = Quantised::of(weight, inputs).weight();
            weight.copy_from_slice(&rounded);
        }
    }
    model
}

/// A model's output as brightness from 0 to 1.
pub fn unit(model: &Autoencoder, values: &[f32]) -> Vec<f32> {
    model.input.unit_scale().unwrap().of_model(values)
}
