//! What is measured. `docs/measures.md` has each one's formula, source, range and limits.

use serde::{Deserialize, Serialize};

use super::Finding;

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
            Self::EndShare => "within the two classes",
            Self::Switches => "class switches",
            Self::Frechet => "Fréchet distance",
            Self::Smoothness => "smoothness",
            Self::PathLength => "path length",
            Self::RoundTrip => "latent round trip",
        }
    }

    /// What it is, for one who reads it for the first time, of data with labels or without. `docs/measures.md` has formulas, sources
    /// and limits.
    pub const fn meaning(self, labelled: bool) -> &'static str {
        match self {
            Self::Distance if !labelled => {
                "How far an image is from the nearest real training image: 1 minus the cosine of the angle between their values. From \
                 0, the same but for its scale."
            }
            Self::Frechet if !labelled => {
                "How far all images half way, as a cloud, are from the cloud of real test images: their means and their spreads. It \
                 says nothing of single images."
            }
            Self::Distance => {
                "How far an image is from the nearest real training image, as the classifier's hidden units see the two. From \
                 0, the same image."
            }
            Self::Precision => {
                "The share of images that are as near to some real image as that one's third nearest real neighbour. Pale and \
                 blurred images lie in the middle of everything, and score well."
            }
            Self::Realism => {
                "How near an image is to a real one, in units of how near real images are to one another there. From 1 on it is as \
                 near as they are."
            }
            Self::Density => {
                "How many real images have it among their near neighbours: 1 where real images usually lie, more in crowded \
                 places."
            }
            Self::LeastProbability => {
                "How sure the classifier is of the image that it is least sure of on the way. It can be sure of a wrong class."
            }
            Self::MeanProbability => {
                "How sure the classifier is, on average along the way. It can be sure of a wrong class."
            }
            Self::EndShare => {
                "The share of images on the way that the classifier takes for one of the two ends' classes. A detour through a third \
                 class costs, even where it passes a good image of that class."
            }
            Self::Switches => {
                "How often the class changes along the way; once is the least between two classes."
            }
            Self::Frechet => {
                "How far all images half way, as a cloud, are from the cloud of real test images of the two classes: their means \
                 and their spreads. It says nothing of single images."
            }
            Self::Smoothness => "The longest step along the way over the mean step; 1 is an even way.",
            Self::PathLength => {
                "The length of the way over the straight distance of its ends; 1 is a straight way."
            }
            Self::RoundTrip => {
                "How far the code of a decoded image is from the code that it was decoded from, over the distance of the ends."
            }
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
    /// Of the class path it is the share within the two classes: class probabilities are high where a judge is sure of
    /// the wrong class too, and so a damaged model can win them. The last three do not count, for a linear model wins them by
    /// construction.
    pub const fn decides(self) -> bool {
        matches!(self, Self::Distance | Self::Realism | Self::EndShare | Self::Frechet)
    }

    /// What a deciding measure says of a model's images when compared with another's, as a sentence goes on after “its images”;
    /// where it shows no difference, in what there is none.
    pub(super) const fn says(self, finding: Finding) -> &'static str {
        match (self, finding) {
            (Self::EndShare, Finding::NotShown) => "how often they are taken for a third class",
            (_, Finding::NotShown) => self.name(),
            (Self::Distance, Finding::Better) => "lie nearer to real ones",
            (Self::Distance, _) => "lie farther from real ones",
            (Self::Realism, Finding::Better) => "look more typical",
            (Self::Realism, _) => "look less typical",
            (Self::EndShare, Finding::Better) => "are less often taken for a third class",
            (Self::EndShare, _) => "are more often taken for a third class",
            (Self::Frechet, Finding::Better) => "resemble real ones more as a whole",
            (Self::Frechet, _) => "resemble real ones less as a whole",
            _ => "differ",
        }
    }
}
