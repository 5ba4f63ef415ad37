//! The three data sets. Each follows a few hidden numbers, as real data does, so that there is something to learn.

use std::error::Error;
use std::f64::consts::TAU;
use std::fs::{File, create_dir_all};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

pub type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// How much of each.
pub struct Amount {
    pub pictures_of_a_class: usize,
    pub machines: usize,
    pub signals: usize,
}

impl Default for Amount {
    fn default() -> Self {
        Self { pictures_of_a_class: 1_000, machines: 2_000, signals: 500_000 }
    }
}

/// Height and width of a picture.
const SIDE: usize = 32;

/// Measurements in a signal.
const SIGNAL: usize = 128;

/// The share of the measurements that a machine did not send.
const MISSING: f64 = 0.08;

const MACHINE_COLUMNS: &str =
    "serial,speed,load,current,power,temperature,oil_temperature,vibration,noise,state";

/// Writes all three into `folder`, and says where they are.
pub fn write(folder: &Path, amount: &Amount) -> Result<Vec<PathBuf>> {
    create_dir_all(folder)?;
    let [pictures, machines, signals] =
        ["landscapes", "machines.csv", "signals.npy"].map(|name| folder.join(name));
    write_pictures(&pictures, amount.pictures_of_a_class)?;
    write_machines(&machines, amount.machines)?;
    write_signals(&signals, amount.signals)?;
    Ok(vec![pictures, machines, signals])
}

/// A folder for each time of day, with landscapes: a sky, a sun or moon, hills.
fn write_pictures(folder: &Path, count: usize) -> Result<()> {
    for (class, sky, light, hills) in [
        ("day", [[70, 140, 230], [190, 220, 250]], [255, 240, 170], [60, 140, 60]),
        ("dusk", [[70, 50, 120], [250, 140, 80]], [255, 190, 90], [60, 50, 70]),
        ("night", [[5, 8, 30], [30, 40, 80]], [240, 240, 250], [12, 18, 22]),
    ] {
        create_dir_all(folder.join(class))?;
        let mut random = Random::new(class.len() as u64);
        for index in 0..count {
            let pixels = landscape(&mut random, sky, light, hills);
            let file = BufWriter::new(File::create(folder.join(class).join(format!("{index:03}.png")))?);
            let mut encoder = png::Encoder::new(file, SIDE as u32, SIDE as u32);
            encoder.set_color(png::ColorType::Rgb);
            encoder.write_header()?.write_image_data(&pixels)?;
        }
    }
    Ok(())
}

fn landscape(random: &mut Random, sky: [[u8; 3]; 2], light: [u8; 3], hills: [u8; 3]) -> Vec<u8> {
    let (x, y) = (random.between(0.1, 0.9), random.between(0.12, 0.6));
    let (radius, horizon) = (random.between(0.07, 0.14), random.between(0.55, 0.8));
    let (height, phase, haze) = (random.between(0.03, 0.15), random.unit(), random.between(-0.12, 0.12));
    let mix = |a: f64, b: f64, share: f64| a + (b - a) * share.clamp(0.0, 1.0);
    let mut pixels = Vec::with_capacity(3 * SIDE * SIDE);
    for row in 0..SIDE {
        for column in 0..SIDE {
            let (across, down) = ((column as f64 + 0.5) / SIDE as f64, (row as f64 + 0.5) / SIDE as f64);
            let edge = horizon - height * (TAU * (across + phase)).sin();
            let distance = ((across - x).powi(2) + (down - y).powi(2)).sqrt();
            // Edges are a pixel wide, as a camera's are.
            let (in_disc, in_hills) =
                ((radius - distance) * SIDE as f64 + 0.5, (down - edge) * SIDE as f64 + 0.5);
            for channel in 0..3 {
                let [above, below] = sky.map(|colour| f64::from(colour[channel]));
                let air = mix(above, below, down / horizon + haze);
                let lit = mix(air, f64::from(light[channel]), in_disc);
                let ground = f64::from(hills[channel]) * mix(1.2, 0.7, (down - edge) / 0.4);
                pixels.push(mix(lit, ground, in_hills).clamp(0.0, 255.0).round() as u8);
            }
        }
    }
    pixels
}

/// Machines by serial number: what follows from speed, load and wear, with noise and gaps, and the state by wear.
fn write_machines(path: &Path, count: usize) -> Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    let mut random = Random::new(7);
    writeln!(file, "{MACHINE_COLUMNS}")?;
    for index in 0..count {
        let (speed, load, wear) = (random.between(600.0, 3000.0), random.unit(), random.unit().powi(2));
        let turns = speed / 3000.0;
        let current = 4.0 + 18.0 * load + 5.0 * wear;
        let power = current * 0.4 * (0.6 + 0.4 * turns);
        let temperature = 22.0 + 30.0 * load * turns + 25.0 * wear;
        let columns = [
            (speed, 5.0),
            (load, 0.02),
            (current, 0.3),
            (power, 0.1),
            (temperature, 1.0),
            (0.8 * temperature + 12.0 * wear * wear, 1.0),
            (0.5 + 3.0 * turns * turns + 6.0 * wear * turns, 0.15),
            (48.0 + 12.0 * turns + 10.0 * wear * load, 0.7),
        ];
        write!(file, "M{index:04}")?;
        for (value, noise) in columns {
            let value = value + noise * random.normal();
            match random.unit() < MISSING {
                true => write!(file, ",")?,
                false => write!(file, ",{value:.3}")?,
            }
        }
        let state = if wear > 0.6 {
            "failing"
        } else if wear > 0.25 {
            "worn"
        } else {
            "good"
        };
        writeln!(file, ",{state}")?;
    }
    Ok(file.flush()?)
}

/// Signals of a sensor, `f32`: a tone with an overtone, of any pitch and phase, that fades, and noise.
fn write_signals(path: &Path, count: usize) -> Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    file.write_all(&npy_header(&format!("({count}, {SIGNAL})")))?;
    let mut random = Random::new(11);
    for _ in 0..count {
        let (pitch, phase) = (random.between(1.5, 4.0), random.unit());
        let (overtone, fading) = (random.between(0.0, 0.6), random.between(0.0, 1.5));
        for index in 0..SIGNAL {
            let time = index as f64 / SIGNAL as f64;
            let angle = TAU * (pitch * time + phase);
            let tone = angle.sin() + overtone * (2.0 * angle).sin();
            let value = (-fading * time).exp() * tone + 0.05 * random.normal();
            file.write_all(&(value as f32).to_le_bytes())?;
        }
    }
    Ok(file.flush()?)
}

/// Version 1.0 of the format: magic, length, a dictionary that ends so that values begin at a multiple of 64.
fn npy_header(shape: &str) -> Vec<u8> {
    let mut dictionary = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}");
    let end = (10 + dictionary.len() + 1).next_multiple_of(64);
    dictionary.extend(std::iter::repeat_n(' ', end - 10 - dictionary.len() - 1));
    dictionary.push('\n');
    let length = (dictionary.len() as u16).to_le_bytes();
    [b"\x93NUMPY\x01\x00", &length[..], dictionary.as_bytes()].concat()
}

/// SplitMix64 (Steele, Lea and Flood, 2014).
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// From 0 to 1, without 1.
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Nearly normal, with mean 0 and variance 1: the sum of twelve uniform numbers.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }
}
