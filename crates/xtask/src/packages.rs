//! Installing what the tests need with the package manager of the machine, where that works without a question.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::command::run;

/// A package manager that this knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manager {
    Apt,
    Dnf,
    Pacman,
    Brew,
}

/// A program by the names that it is installed under, and the packages that bring it, by manager.
#[derive(Debug)]
pub struct Program {
    pub called: &'static str,
    pub names: &'static [&'static str],
    pub apt: &'static str,
    pub dnf: &'static str,
    pub pacman: &'static str,
    pub brew: &'static str,
}

/// A browser, as the page's tests look for it.
pub const CHROMIUM: Program = Program {
    called: "Chromium",
    names: &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"],
    apt: "chromium",
    dnf: "chromium",
    pacman: "chromium",
    brew: "--cask chromium",
};

/// What fetches packages of JavaScript.
pub const NPM: Program =
    Program { called: "npm", names: &["npm"], apt: "npm", dnf: "nodejs-npm", pacman: "npm", brew: "node" };

/// Python, with what makes environments.
pub const PYTHON: Program = Program {
    called: "Python with venv",
    names: &["python3"],
    apt: "python3-venv",
    dnf: "python3",
    pacman: "python",
    brew: "python",
};

impl Program {
    /// Where it is; installs it first if it is nowhere.
    ///
    /// # Errors
    /// Why it cannot be had, with what to do about it.
    pub fn find_or_install(&self) -> Result<PathBuf, String> {
        if let Some(path) = find(self.names) {
            return Ok(path);
        }
        self.install()?;
        find(self.names).ok_or_else(|| {
            format!("{} was installed, but is not in PATH; add its folder to PATH", self.called)
        })
    }

    /// Installs it.
    ///
    /// # Errors
    /// Why it cannot be had, with what to do about it.
    pub fn install(&self) -> Result<(), String> {
        self.install_without_a_question().map_err(|why| {
            format!(
                "{0} is not installed, and cannot be installed from here: {why}. Install it yourself ({1}), then run this again",
                self.called,
                self.by_hand()
            )
        })
    }

    fn install_without_a_question(&self) -> Result<(), String> {
        let managers = [Manager::Apt, Manager::Dnf, Manager::Pacman, Manager::Brew];
        let manager = managers.into_iter().find(|manager| find(&[manager.program()]).is_some());
        let manager = manager.ok_or("there is none of apt-get, dnf, pacman and brew here")?;
        let as_root = privilege(manager)?;
        println!("{} is missing; it is installed with {}.", self.called, manager.program());
        for arguments in manager.commands(self.package(manager)) {
            let words: Vec<&str> = as_root.iter().copied().chain(arguments.split_whitespace()).collect();
            run(&[("DEBIAN_FRONTEND", "noninteractive")], words[0], &words[1..])?;
        }
        Ok(())
    }

    fn package(&self, manager: Manager) -> &'static str {
        match manager {
            Manager::Apt => self.apt,
            Manager::Dnf => self.dnf,
            Manager::Pacman => self.pacman,
            Manager::Brew => self.brew,
        }
    }

    /// How a person installs it.
    fn by_hand(&self) -> String {
        format!(
            "Debian and Ubuntu: sudo apt-get install {}; Fedora: sudo dnf install {}; Arch: sudo pacman -S {}; macOS: brew \
             install {}",
            self.apt, self.dnf, self.pacman, self.brew
        )
    }
}

impl Manager {
    fn program(self) -> &'static str {
        match self {
            Self::Apt => "apt-get",
            Self::Dnf => "dnf",
            Self::Pacman => "pacman",
            Self::Brew => "brew",
        }
    }

    fn commands(self, package: &str) -> Vec<String> {
        match self {
            Self::Apt => vec![
                "apt-get update".to_owned(),
                format!("apt-get install --yes --no-install-recommends {package}"),
            ],
            Self::Dnf => vec![format!("dnf install --assumeyes {package}")],
            Self::Pacman => vec![format!("pacman -Sy --noconfirm {package}")],
            Self::Brew => vec![format!("brew install {package}")],
        }
    }
}

/// What stands before a command that must be root's: nothing for root and for brew, `sudo -n` where it asks nothing.
fn privilege(manager: Manager) -> Result<&'static [&'static str], String> {
    let is_root = || {
        let id = Command::new("id").arg("-u").output();
        id.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).trim() == "0")
    };
    let sudo_asks_nothing = || {
        let quietly = Command::new("sudo")
            .args(["-n", "true"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        quietly.is_ok_and(|status| status.success())
    };
    match manager {
        Manager::Brew => Ok(&[]),
        _ if is_root() => Ok(&[]),
        _ if sudo_asks_nothing() => Ok(&["sudo", "-n"]),
        _ => Err("this is not root, and sudo would ask for a password".to_owned()),
    }
}

/// Whether a program is in PATH.
pub fn is_installed(name: &str) -> bool {
    find(&[name]).is_some()
}

/// The first of some programs that is in PATH.
fn find(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_manager_installs_without_a_question_and_is_named_where_it_cannot() {
        for (manager, says) in [
            (Manager::Apt, "apt-get install --yes --no-install-recommends chromium"),
            (Manager::Dnf, "dnf install --assumeyes chromium"),
            (Manager::Pacman, "pacman -Sy --noconfirm chromium"),
            (Manager::Brew, "brew install --cask chromium"),
        ] {
            let commands = manager.commands(CHROMIUM.package(manager));
            assert_eq!(commands.last().map(String::as_str), Some(says));
        }
        for manager in ["apt-get install", "dnf install", "pacman -S", "brew install"] {
            assert!(CHROMIUM.by_hand().contains(manager) && NPM.by_hand().contains(manager), "{manager}");
        }
    }

    #[test]
    fn brew_needs_no_root() {
        assert_eq!(privilege(Manager::Brew), Ok(&[][..]));
    }

    #[test]
    fn programs_are_found_in_path() {
        assert!(find(&["no-such-program", "cargo"]).is_some_and(|path| path.ends_with("cargo")));
        assert_eq!(find(&["no-such-program"]), None);
    }
}
