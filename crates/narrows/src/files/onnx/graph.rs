//! A model as a graph of ONNX's operators: raw rows in, raw rows out.

use narrows_kernels::Activation;

use super::Part;
use super::messages::{AttributeProto, FLOAT, GraphProto, INT64, NodeProto, TensorProto, ValueInfoProto};
use crate::dataset::{Missing, Normalisation};
use crate::model::{Autoencoder, LayerSpec};

// Names of what goes in and out.
pub const INPUT: &str = "input";
pub const CODE: &str = "code";
pub const RECONSTRUCTION: &str = "reconstruction";
pub const SQUARED_ERROR: &str = "squared_error";
pub const SCORE: &str = "score";
pub const LABEL: &str = "label";

// Names of values within.
const IS_MISSING: &str = "is_missing";
const NORMALISED: &str = "normalised";
const READ: &str = "read";
const WRITTEN: &str = "written";
const ZERO: &str = "zero";
const ONE: &str = "one";

/// The graph of a part of a model. A score above `threshold` is labelled 1.
pub fn of(model: &Autoencoder, part: Part, threshold: Option<f64>) -> GraphProto {
    let mut graph = Graph::new(model);
    let (inputs, latent) = (model.architecture.inputs, Some(model.architecture.latent()));
    let features = Some(inputs);
    if part == Part::Decoder {
        graph.input(CODE, latent, "codes, as the encoder gives them");
    } else {
        graph.input(INPUT, features, "raw rows, columns in the order of `columns`");
        graph.normalise();
        graph.encode();
        graph.output(CODE, FLOAT, latent, "the latents of each row");
    }
    if part != Part::Encoder {
        graph.decode();
        graph.output(RECONSTRUCTION, FLOAT, features, "what the model makes of each row, in raw units");
    }
    if part == Part::Scorer {
        graph.score();
        let doc = "squared error of each feature, in the model's scale";
        graph.output(SQUARED_ERROR, FLOAT, features, doc);
        graph.output(SCORE, FLOAT, None, "mean of squared_error over a row's values that are there");
        if let Some(threshold) = threshold {
            graph.label(threshold as f32);
            graph.output(LABEL, INT64, None, "1 where the score is above the threshold, an anomaly; else 0");
        }
    }
    graph.proto
}

struct Graph<'a> {
    model: &'a Autoencoder,
    layers: Vec<LayerSpec>,
    shift: Shift,
    proto: GraphProto,
}

impl<'a> Graph<'a> {
    fn new(model: &'a Autoencoder) -> Self {
        let proto = GraphProto { name: "narrows".to_owned(), ..GraphProto::default() };
        let shift = Shift::of(model.input.normalisation());
        Self { model, layers: model.architecture.layers(), shift, proto }
    }

    fn input(&mut self, name: &str, width: Option<usize>, doc: &str) {
        self.proto.input.push(ValueInfoProto::rows(name, FLOAT, width, doc));
    }

    fn output(&mut self, name: &str, elem_type: i32, width: Option<usize>, doc: &str) {
        self.proto.output.push(ValueInfoProto::rows(name, elem_type, width, doc));
    }

    fn constant(&mut self, name: &str, values: &[f32]) {
        if !self.proto.initializer.iter().any(|tensor| tensor.name == name) {
            self.proto.initializer.push(TensorProto::floats(name, &[values.len()], values));
        }
    }

    fn node(&mut self, op_type: &str, input: &[&str], output: &str, attribute: Vec<AttributeProto>) {
        self.proto.node.push(NodeProto {
            input: input.iter().map(|&name| name.to_owned()).collect(),
            output: vec![output.to_owned()],
            op_type: op_type.to_owned(),
            attribute,
        });
    }

    /// Calls a value by a name of its own: in the node that it comes from or, where it comes in from outside, by one more.
    fn call(&mut self, value: &str, name: &str) {
        match self.proto.node.last_mut() {
            Some(node) if node.output == [value] => node.output = vec![name.to_owned()],
            _ => self.node("Identity", &[value], name, Vec::new()),
        }
    }

    /// `output ← operator(input, constant)`, unless the constant is `neutral` throughout. Returns the name of what there is then.
    fn step(
        &mut self,
        op_type: &str,
        input: String,
        (name, values, neutral): (&str, Vec<f32>, f32),
        output: &str,
    ) -> String {
        if values.iter().all(|&value| value == neutral) {
            return input;
        }
        self.constant(name, &values);
        self.node(op_type, &[&input, name], output, Vec::new());
        output.to_owned()
    }

    /// `normalised ← (raw − centre)·scale + rest`. A value that is masked is NaN there, and 0 in `read`.
    fn normalise(&mut self) {
        let missing = self.model.input.schema().missing().clone();
        let mut value = INPUT.to_owned();
        if missing != Missing::Error {
            self.node("IsNaN", &[INPUT], IS_MISSING, Vec::new());
        }
        if let Missing::Fill(fill) = &missing {
            self.constant("fill", fill);
            self.node("Where", &[IS_MISSING, "fill", INPUT], "filled", Vec::new());
            value = "filled".to_owned();
        }
        let Shift { centre, scale, rest } = self.shift.clone();
        value = self.step("Sub", value, ("centre", centre, 0.0), "centred");
        value = self.step("Mul", value, ("scale", scale, 1.0), "scaled");
        value = self.step("Add", value, ("rest", rest, 0.0), "shifted");
        self.call(&value, NORMALISED);
        if missing == Missing::Mask {
            self.constant(ZERO, &[0.0]);
            self.node("Where", &[IS_MISSING, ZERO, NORMALISED], READ, Vec::new());
        }
    }

    fn encode(&mut self) {
        let read = match self.model.input.schema().missing() {
            Missing::Mask => READ,
            _ => NORMALISED,
        };
        self.run(read, 0..self.model.architecture.depth(), CODE);
    }

    /// `reconstruction ← (written − rest)/scale + centre`.
    fn decode(&mut self) {
        let depth = self.model.architecture.depth();
        self.run(CODE, depth..2 * depth, WRITTEN);
        let Shift { centre, scale, rest } = self.shift.clone();
        let mut value = self.step("Sub", WRITTEN.to_owned(), ("rest", rest, 0.0), "unshifted");
        value = self.step("Div", value, ("scale", scale, 1.0), "unscaled");
        value = self.step("Add", value, ("centre", centre, 0.0), "uncentred");
        match value == WRITTEN {
            // The score needs it under its own name.
            true => self.node("Identity", &[WRITTEN], RECONSTRUCTION, Vec::new()),
            false => self.call(&value, RECONSTRUCTION),
        }
    }

    /// Dense layers, each `Y ← activation(X·Wᵀ + b)`.
    fn run(&mut self, input: &str, layers: std::ops::Range<usize>, output: &str) {
        let mut value = input.to_owned();
        for index in layers {
            let LayerSpec { name, activation, .. } = self.layers[index].clone();
            let [weight, bias] = ["weight", "bias"].map(|kind| format!("{name}.{kind}"));
            self.parameter(&weight);
            self.parameter(&bias);
            let sum = format!("{name}.sum");
            self.node("Gemm", &[&value, &weight, &bias], &sum, vec![AttributeProto::int("transB", 1)]);
            value = self.activate(activation, sum, &name);
        }
        self.call(&value, output);
    }

    fn parameter(&mut self, name: &str) {
        let parameters = &self.model.parameters;
        let tensor = parameters.tensors().iter().find(|tensor| tensor.name == name);
        let tensor = tensor.expect("a model has the parameters of its layers");
        let values = &parameters.values()[tensor.range.clone()];
        self.proto.initializer.push(TensorProto::floats(name, &tensor.shape, values));
    }

    /// Returns the name of the layer's output.
    fn activate(&mut self, activation: Activation, sum: String, layer: &str) -> String {
        let output = format!("{layer}.output");
        match activation {
            Activation::Identity => return sum,
            Activation::Relu => self.node("Relu", &[&sum], &output, Vec::new()),
            Activation::LeakyRelu => {
                self.node("LeakyRelu", &[&sum], &output, vec![AttributeProto::float("alpha", 0.01)]);
            }
            Activation::Tanh => self.node("Tanh", &[&sum], &output, Vec::new()),
            Activation::Sigmoid => self.node("Sigmoid", &[&sum], &output, Vec::new()),
            Activation::Silu => {
                let sigmoid = format!("{layer}.sigmoid");
                self.node("Sigmoid", &[&sum], &sigmoid, Vec::new());
                self.node("Mul", &[&sum, &sigmoid], &output, Vec::new());
            }
            Activation::Gelu => self.gelu(&sum, layer, &output),
        }
        output
    }

    /// `z·(½ + ½·erf(z/√2))`: opset 9 has no operator of its own for it.
    fn gelu(&mut self, sum: &str, layer: &str, output: &str) {
        self.constant("root_half", &[std::f32::consts::FRAC_1_SQRT_2]);
        self.constant("half", &[0.5]);
        let [scaled, erf, halved, share] =
            ["scaled", "erf", "halved", "share"].map(|name| format!("{layer}.{name}"));
        self.node("Mul", &[sum, "root_half"], &scaled, Vec::new());
        self.node("Erf", &[&scaled], &erf, Vec::new());
        self.node("Mul", &[&erf, "half"], &halved, Vec::new());
        self.node("Add", &[&halved, "half"], &share, Vec::new());
        self.node("Mul", &[sum, &share], output, Vec::new());
    }

    /// `squared_error ← (written − normalised)²`, and its mean over the values that are there.
    fn score(&mut self) {
        self.node("Sub", &[WRITTEN, NORMALISED], "difference", Vec::new());
        self.node("Mul", &["difference", "difference"], SQUARED_ERROR, Vec::new());
        let by_row = || vec![AttributeProto::ints("axes", &[1]), AttributeProto::int("keepdims", 0)];
        if *self.model.input.schema().missing() != Missing::Mask {
            self.node("ReduceMean", &[SQUARED_ERROR], SCORE, by_row());
            return;
        }
        self.constant(ONE, &[1.0]);
        self.node("Where", &[IS_MISSING, ZERO, SQUARED_ERROR], "present_error", Vec::new());
        self.node("Where", &[IS_MISSING, ZERO, ONE], "is_present", Vec::new());
        self.node("ReduceSum", &["present_error"], "error_sum", by_row());
        self.node("ReduceSum", &["is_present"], "present", by_row());
        self.node("Div", &["error_sum", "present"], SCORE, Vec::new());
    }

    fn label(&mut self, threshold: f32) {
        self.constant("threshold", &[threshold]);
        self.node("Greater", &[SCORE, "threshold"], "is_anomaly", Vec::new());
        self.node("Cast", &["is_anomaly"], LABEL, vec![AttributeProto::int("to", i64::from(INT64))]);
    }
}

/// `raw·scale + offset` in operators that each round: `(raw − centre)·scale + rest`. Of a timestamp, `raw·scale` and `offset` are
/// large and nearly cancel; what is left after `raw − centre` is small, and so is its rounding.
#[derive(Clone)]
struct Shift {
    centre: Vec<f32>,
    scale: Vec<f32>,
    rest: Vec<f32>,
}

impl Shift {
    fn of(normalisation: &Normalisation) -> Self {
        let pairs = normalisation.scale().iter().zip(normalisation.offset());
        let (centre, rest) = pairs
            .map(|(&scale, &offset)| {
                let (scale, offset) = (f64::from(scale), f64::from(offset));
                let centre = (-offset / scale) as f32;
                let centre = if centre.is_finite() { centre } else { 0.0 };
                (centre, (offset + f64::from(centre) * scale) as f32)
            })
            .unzip();
        Self { centre, scale: normalisation.scale().to_vec(), rest }
    }
}
