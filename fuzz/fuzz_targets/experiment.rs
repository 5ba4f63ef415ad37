#![no_main]

use narrows::experiment::Experiment;

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(experiment) = Experiment::from_toml(text) {
        // Compared as text, for NaN does not equal itself.
        let written = experiment.to_toml();
        let again = Experiment::from_toml(&written).expect("what was read can be read again");
        assert_eq!(again.to_toml(), written);
        for (place, model) in experiment.models.iter().enumerate() {
            let _ = experiment.architecture(model, 784).parameter_count();
            let _ =
                (experiment.seeds_of(place), experiment.exact_pca_like(place), experiment.validate_on(784));
        }
    }
});
