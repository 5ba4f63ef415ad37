//! The page in a real browser: what a person drags, and what the models of Rust say to it.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod accessibility;
mod address;
mod browser;
mod command;
mod draw;
mod interpolate;
mod judge;
#[path = "../../../narrows/tests/shown/made.rs"]
mod made;
mod map;
mod modules;
mod other_data;
mod saving;
mod sizes;
mod sliders;
mod study;
mod training;

use std::path::Path;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use browser::Browser;

/// The sizes that the page is made for: two laptops, a tablet, a telephone.
const SIZES: [(u32, u32); 4] = [(1280, 900), (1280, 720), (1024, 768), (390, 844)];

/// One browser for all tests, and one page at a time: what is measured in one is not disturbed by another.
fn browser() -> MutexGuard<'static, Browser> {
    static BROWSER: OnceLock<Mutex<Browser>> = OnceLock::new();
    let browser = BROWSER.get_or_init(|| Mutex::new(Browser::start()));
    browser.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Opens a part of a page, does what is to be tested, and looks whether anything was complained about or asked for.
#[track_caller]
fn in_page(file: &Path, part: &str, size: (u32, u32), test: impl FnOnce(&mut Browser)) {
    let mut browser = browser();
    let address = format!("file://{}#{part}", file.display());
    browser.open(&address, size);
    test(&mut browser);
    // Anything that is still on its way has time to arrive.
    browser.frame();
    let complaints = browser.complaints();
    assert!(complaints.is_empty(), "the console says {complaints:#?}");
    let file = format!("file://{}", file.display());
    let others: Vec<String> = browser
        .requests()
        .into_iter()
        .filter(|address| address.split('#').next() != Some(&file) && !address.starts_with("data:"))
        .collect();
    assert!(others.is_empty(), "the page asks for {others:?}");
    browser.close();
}
