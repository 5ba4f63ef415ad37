//! What is measured. `docs/measures.md` has each one's formula, source, range and limits.

use serde::{Deserialize, Serialize};

/// A measure of interpolations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// The least cosine distance in φ to a real training image (Berthelot et al. 2018).
    Distance,
    /// The share of images in a sphere of 3 neighbours (Kynkäänniemi et al. 2019).
    Precision,
    /// The greatest ratio of a sphere's radius to the distance from its centre (Kynkäänniemi et al. 2019).
    Realism,
    /// How many spheres of 5 neighbours an image lies in, over 5 (Naeem et al. 2020).
    Density,
    /// The least of the highest class probabilities of a path's interior steps.
    LeastProbability,
    /// Their mean.
    MeanProbability,
    /// The share of interior steps that are classed as one of the two ends.
    EndShare,
    /// How often the class changes along the path, its ends included.
    Switches,
    /// The Fréchet distance in φ of the midpoints to real test images.
    Frechet,
    /// The longest step in pixels over the mean step.
    Smoothness,
    /// The length of the path in pixels over the distance of its ends.
    PathLength,
    /// `‖E(D(z)) − z‖² / ‖z₁ − z₀‖²`.
    RoundTrip,
}

/// Which way is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// The less the better.
    Lower,
    /// The more the better.
    Higher,
}

impl Measure {
    /// All of them, in the order of tables.
    pub const ALL: [Self; 12] = [
        Self::Distance,
        Self::Precision,
        Self::Realism,
        Self::Density,
        Self::LeastProbability,
        Self::MeanProbability,
        Self::EndShare,
        Self::Switches,
        Self::Frechet,
        Self::Smoothness,
        Self::PathLength,
        Self::RoundTrip,
    ];

    /// In words, for a table's heading.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Distance => "distance to data",
            Self::Precision => "precision",
            Self::Realism => "realism",
            Self::Density => "density",
            Self::LeastProbability => "least class probability",
            Self::MeanProbability => "mean class probability",
            Self::EndShare => "steps of an end's class",
            Self::Switches => "class switches",
            Self::Frechet => "Fréchet distance",
            Self::Smoothness => "smoothness",
            Self::PathLength => "path length",
            Self::RoundTrip => "latent round trip",
        }
    }

    /// Which way is better.
    pub const fn better(self) -> Better {
        match self {
            Self::Precision
            | Self::Realism
            | Self::Density
            | Self::LeastProbability
            | Self::MeanProbability
            | Self::EndShare => Better::Higher,
            Self::Distance
            | Self::Switches
            | Self::Frechet
            | Self::Smoothness
            | Self::PathLength
            | Self::RoundTrip => Better::Lower,
        }
    }

    /// Whether the verdict depends on it: one measure of nearness to single images, one of local density, one of the class
    /// path, one of the whole distribution.
    ///
    /// Of the class path it is the share of steps of an end's class: class probabilities are high where a judge is sure of
    /// the wrong class too, and so a damaged model can win them. The last three do not count, for a linear model wins them by
    /// construction.
    pub const fn decides(self) -> bool {
        matches!(self, Self::Distance | Self::Realism | Self::EndShare | Self::Frechet)
    }
}
