//! Whether a data set has a class.

use super::Dataset;

/// A class that no row of a data set has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no class {class} in {data}; its classes are {classes}")]
pub struct NoSuchClass {
    /// What was asked for.
    pub class: u8,
    /// The data set's name.
    pub data: String,
    /// The classes that there are, in words.
    pub classes: String,
}

impl Dataset {
    /// Checks that some row has this class; without labels there is nothing to check.
    ///
    /// # Errors
    /// If no row has it.
    pub fn check_class(&self, class: u8) -> Result<(), NoSuchClass> {
        let Some(counts) = self.class_counts() else { return Ok(()) };
        let classes: Vec<u8> = counts.into_iter().map(|(class, _)| class).collect();
        if classes.contains(&class) {
            return Ok(());
        }
        Err(NoSuchClass { class, data: self.name.clone(), classes: in_words(&classes) })
    }
}

/// `0 to 9`, or `1, 5 and 7` where there are gaps.
fn in_words(classes: &[u8]) -> String {
    match classes {
        [first, .., last] if usize::from(last - first) + 1 == classes.len() => format!("{first} to {last}"),
        [others @ .., last] if !others.is_empty() => {
            let others: Vec<String> = others.iter().map(u8::to_string).collect();
            format!("{} and {last}", others.join(", "))
        }
        one => one.iter().map(u8::to_string).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_told_as_a_range_or_one_by_one() {
        assert_eq!(in_words(&[0, 1, 2, 3]), "0 to 3");
        assert_eq!(in_words(&[2, 3, 5]), "2, 3 and 5");
        assert_eq!(in_words(&[4]), "4");
    }
}
