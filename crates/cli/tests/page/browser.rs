//! A real browser, driven over the DevTools protocol.
//!
//! Chromium reads commands from file descriptor 3 and writes answers to 4, each message ended by a zero byte
//! (`--remote-debugging-pipe`): no port, no WebSocket, and it ends by itself when this process does. The shell puts our
//! pipes where Chromium looks for them.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Far beyond what a loaded machine takes for anything asked here.
const PATIENCE: Duration = Duration::from_secs(60);

/// Under which names Chromium is installed.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// Set to a browser's path, it is the one that is taken.
const VARIABLE: &str = "NARROWS_CHROMIUM";

/// A running browser with one page open.
pub struct Browser {
    commands: ChildStdin,
    answers: Receiver<Value>,
    events: VecDeque<Value>,
    last_id: u64,
    session: Option<String>,
}

impl Browser {
    /// Starts the browser, its profile in a folder of this test.
    pub fn start() -> Self {
        let profile = Path::new(env!("CARGO_TARGET_TMPDIR")).join("page-browser");
        let _ = std::fs::remove_dir_all(&profile);
        let program = find();
        let mut child = Command::new("sh")
            .args(["-c", "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1"])
            .arg(&program)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"])
            .args([
                "--remote-debugging-pipe",
                "--no-first-run",
                "--disable-dev-shm-usage",
                "--hide-scrollbars",
            ])
            .arg(format!("--user-data-dir={}", profile.display()))
            .arg("about:blank")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{} cannot be started: {error}", program.display()));
        let commands = child.stdin.take().expect("it is piped");
        let mut output = BufReader::new(child.stdout.take().expect("it is piped"));
        let (send, answers) = channel();
        std::thread::spawn(move || {
            let mut message = Vec::new();
            while output.read_until(0, &mut message).is_ok_and(|length| length > 0) {
                message.pop();
                let Ok(value) = serde_json::from_slice(&message) else { break };
                if send.send(value).is_err() {
                    break;
                }
                message.clear();
            }
            let _ = child.wait();
        });
        Self { commands, answers, events: VecDeque::new(), last_id: 0, session: None }
    }

    /// Sends a command, to the open page if there is one, and returns its result.
    #[track_caller]
    pub fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.last_id += 1;
        let mut message = json!({ "id": self.last_id, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        let mut bytes = serde_json::to_vec(&message).unwrap();
        bytes.push(0);
        self.commands.write_all(&bytes).expect("the browser reads what it is told");
        let end = Instant::now() + PATIENCE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let mut answer = self
                .answers
                .recv_timeout(left)
                .unwrap_or_else(|error| panic!("no answer to {method}: {error}; does the browser run?"));
            if answer["id"] != self.last_id {
                self.events.push_back(answer);
                continue;
            }
            assert!(answer.get("error").is_none(), "{method}: {}", answer["error"]);
            return answer["result"].take();
        }
    }

    /// Opens a page of this size and loads `address`, until the page says that it is usable.
    #[track_caller]
    pub fn open(&mut self, address: &str, size: (u32, u32)) {
        self.open_empty(size);
        self.call("Page.navigate", json!({ "url": address }));
        self.until("performance.getEntriesByName('usable').length === 1");
    }

    /// Opens a page of this size with nothing in it.
    #[track_caller]
    pub fn open_empty(&mut self, (width, height): (u32, u32)) {
        self.session = None;
        self.events.clear();
        let target = self.call("Target.createTarget", json!({ "url": "about:blank" }))["targetId"].clone();
        let attached = self.call("Target.attachToTarget", json!({ "targetId": target, "flatten": true }));
        self.session = Some(attached["sessionId"].as_str().unwrap().to_owned());
        for domain in ["Page", "Runtime", "Log", "Network"] {
            self.call(&format!("{domain}.enable"), json!({}));
        }
        self.size(width, height);
    }

    /// Closes the page.
    pub fn close(&mut self) {
        self.call("Page.close", json!({}));
        self.session = None;
    }

    /// Gives the page another size.
    pub fn size(&mut self, width: u32, height: u32) {
        let touch = width < 500;
        self.call(
            "Emulation.setDeviceMetricsOverride",
            json!({ "width": width, "height": height, "deviceScaleFactor": if touch { 2 } else { 1 }, "mobile": touch }),
        );
    }

    /// What an expression comes to in the page.
    #[track_caller]
    pub fn value(&mut self, expression: &str) -> Value {
        let parameters = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let mut result = self.call("Runtime.evaluate", parameters);
        assert!(result.get("exceptionDetails").is_none(), "{expression}: {}", result["exceptionDetails"]);
        result["result"]["value"].take()
    }

    /// Waits until an expression is true in the page.
    #[track_caller]
    pub fn until(&mut self, condition: &str) {
        let end = Instant::now() + PATIENCE;
        while self.value(condition) != true {
            assert!(Instant::now() < end, "it never came true: {condition}; {:?}", self.complaints());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until what was changed has been drawn.
    pub fn frame(&mut self) {
        self.value("new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(() => go(true))))");
    }

    /// The middle of an element, scrolled into sight.
    #[track_caller]
    pub fn place(&mut self, selector: &str) -> (f64, f64) {
        self.place_in(selector, 0.5, 0.5)
    }

    /// A point of an element, as shares of its width and height.
    #[track_caller]
    pub fn place_in(&mut self, selector: &str, across: f64, down: f64) -> (f64, f64) {
        let point = self.value(&format!(
            "(() => {{ const e = document.querySelector({selector:?}); e.scrollIntoView({{ block: 'center' }}); \
             const b = e.getBoundingClientRect(); return [b.x + {across} * b.width, b.y + {down} * b.height]; }})()"
        ));
        (point[0].as_f64().unwrap(), point[1].as_f64().unwrap())
    }

    /// A movement of the mouse, with its button down or not.
    pub fn mouse(&mut self, kind: &str, (x, y): (f64, f64), down: bool) {
        let button = if kind == "mouseMoved" && !down { "none" } else { "left" };
        let parameters = json!({ "type": kind, "x": x, "y": y, "button": button, "buttons": u8::from(down), "clickCount": 1 });
        self.call("Input.dispatchMouseEvent", parameters);
    }

    /// Moves the mouse along `path` with the button down.
    pub fn drag(&mut self, path: &[(f64, f64)]) {
        self.mouse("mouseMoved", path[0], false);
        self.mouse("mousePressed", path[0], true);
        for &point in &path[1..] {
            self.mouse("mouseMoved", point, true);
        }
        self.mouse("mouseReleased", path[path.len() - 1], false);
        self.frame();
    }

    /// Clicks in the middle of an element.
    #[track_caller]
    pub fn click(&mut self, selector: &str) {
        let point = self.place(selector);
        self.drag(&[point]);
    }

    /// Presses a key that has no character, such as `ArrowRight`.
    pub fn key(&mut self, key: &str, code: u32) {
        for kind in ["rawKeyDown", "keyUp"] {
            let parameters = json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code });
            self.call("Input.dispatchKeyEvent", parameters);
        }
        self.frame();
    }

    /// Presses Enter, which presses the button that has the focus.
    pub fn enter(&mut self) {
        for (kind, text) in [("keyDown", "\r"), ("keyUp", "")] {
            let parameters = json!({ "type": kind, "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": text });
            self.call("Input.dispatchKeyEvent", parameters);
        }
        self.frame();
    }

    /// Loads the page anew from the address that it has now.
    #[track_caller]
    pub fn reload(&mut self) {
        self.value("void (globalThis.before = true)");
        self.call("Page.reload", json!({}));
        self.until("globalThis.before === undefined && performance.getEntriesByName('usable').length === 1");
    }

    /// Goes to another address of the page, as a link does that is pasted into the address bar.
    #[track_caller]
    pub fn go(&mut self, hash: &str) {
        self.value(&format!("void (location.hash = {hash:?})"));
        self.frame();
    }

    /// What a reader who likes it dark sees, or one who likes it light.
    pub fn scheme(&mut self, scheme: &str) {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.call("Emulation.setEmulatedMedia", json!({ "features": features }));
    }

    /// The file that appears in the downloads after `act`.
    #[track_caller]
    pub fn download(&mut self, act: impl FnOnce(&mut Self)) -> (String, Vec<u8>) {
        let folder = tempfile::tempdir().unwrap();
        let parameters = json!({ "behavior": "allow", "downloadPath": folder.path() });
        self.call("Page.setDownloadBehavior", parameters);
        act(self);
        let end = Instant::now() + PATIENCE;
        loop {
            let complete =
                std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap()).find(|entry| {
                    // Chromium renames a file when it is complete.
                    !entry.file_name().to_string_lossy().ends_with(".crdownload")
                        && entry.metadata().is_ok_and(|file| file.len() > 0)
                });
            if let Some(entry) = complete {
                let name = entry.file_name().to_string_lossy().into_owned();
                return (name, std::fs::read(entry.path()).unwrap());
            }
            assert!(Instant::now() < end, "no file was saved");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// A picture of the page as it is seen, kept under `target/page`.
    pub fn screenshot(&mut self, name: &str) -> PathBuf {
        use base64::{Engine as _, engine::general_purpose::STANDARD};
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../page");
        std::fs::create_dir_all(&folder).unwrap();
        let shot = self.call("Page.captureScreenshot", json!({ "format": "png" }));
        let path = folder.join(format!("{name}.png"));
        std::fs::write(&path, STANDARD.decode(shot["data"].as_str().unwrap()).unwrap()).unwrap();
        path
    }

    /// Errors and warnings that the page or the browser have written since the page was opened.
    pub fn complaints(&mut self) -> Vec<Value> {
        let wrong = |event: &&Value| match event["method"].as_str() {
            Some("Runtime.exceptionThrown") => true,
            Some("Runtime.consoleAPICalled") => {
                ["error", "warning", "assert"].iter().any(|kind| event["params"]["type"] == *kind)
            }
            Some("Log.entryAdded") => event["params"]["entry"]["level"] != "verbose",
            _ => false,
        };
        self.events.iter().filter(wrong).cloned().collect()
    }

    /// The addresses that were asked for since the page was opened.
    pub fn requests(&mut self) -> Vec<String> {
        let asked = self.events.iter().filter(|event| event["method"] == "Network.requestWillBeSent");
        asked.map(|event| event["params"]["request"]["url"].as_str().unwrap().to_owned()).collect()
    }
}

fn find() -> PathBuf {
    if let Some(path) = std::env::var_os(VARIABLE) {
        return path.into();
    }
    let folders: Vec<PathBuf> =
        std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).collect();
    let places = NAMES.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    places.into_iter().find(|path| path.is_file()).unwrap_or_else(|| {
        panic!(
            "the page is tested in a real browser, and no Chromium is in PATH. Install it (Debian and Ubuntu: \
             `sudo apt-get install chromium`; Fedora: `sudo dnf install chromium`), or set {VARIABLE} to a Chrome or \
             Chromium that is elsewhere"
        )
    })
}
