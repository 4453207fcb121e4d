//! What the user gives to `cargo build` after `--`.

use std::ffi::OsString;

use anyhow::Result;

use crate::error::failure;

/// Flags that would change which program is built, or for what, each with what to do instead.
const REFUSED: [(&[&str], &str); 8] = [
    (&["--bin"], "name the program of the policy with `--bin NAME`, in front of `--`"),
    (&["--package", "-p", "--workspace", "--all", "--exclude"], "select packages in front of `--`"),
    (
        &[
            "--lib",
            "--bins",
            "--example",
            "--examples",
            "--test",
            "--tests",
            "--bench",
            "--benches",
            "--all-targets",
        ],
        "leave it out: only the program that is the policy is built, which `--bin NAME` in front of `--` chooses",
    ),
    (&["--manifest-path"], "name the manifest with `--manifest-path PATH`, in front of `--`"),
    (&["--target"], "leave it out: a policy is always compiled for `wasm32-wasip1`"),
    (&["--profile", "--release", "-r"], "choose the profile with `--profile NAME`, in front of `--`"),
    (&["--target-dir"], "name the folder with `--target-dir PATH`, in front of `--`"),
    (&["--message-format"], "choose the format with `--message-format`, in front of `--`"),
];

/// Short flags of `cargo build` that take a value, which may follow without a space.
const SHORT_WITH_VALUE: [char; 4] = ['p', 'j', 'F', 'Z'];

/// Fails for arguments that would make cargo build something else than the policy.
pub(super) fn refuse_other_programs(further: &[OsString]) -> Result<()> {
    for argument in further.iter().filter_map(|argument| argument.to_str()) {
        let flags = flags_in(argument);
        let refused = REFUSED.iter().find_map(|(names, instead)| {
            names.iter().find(|name| flags.iter().any(|flag| flag == *name)).map(|name| (name, *instead))
        });
        if let Some((flag, instead)) = refused {
            return Err(failure(format!("`{flag}` after `--` would change what cargo builds"), instead));
        }
    }
    Ok(())
}

/// `--bin` of `--bin=x`; `-v` and `-p` of `-vpx`.
fn flags_in(argument: &str) -> Vec<String> {
    if argument.starts_with("--") {
        return vec![argument.split('=').next().unwrap_or_default().to_owned()];
    }
    let Some(letters) = argument.strip_prefix('-') else { return Vec::new() };
    let mut flags = Vec::new();
    for letter in letters.chars() {
        flags.push(format!("-{letter}"));
        if SHORT_WITH_VALUE.contains(&letter) {
            break;
        }
    }
    flags
}

/// Those arguments that change cargo's configuration, for other commands of cargo.
pub(super) fn of_configuration(further: &[OsString]) -> Vec<OsString> {
    let mut found = Vec::new();
    let mut rest = further.iter();
    while let Some(argument) = rest.next() {
        let text = argument.to_string_lossy();
        if text == "--config" || text == "-Z" {
            found.push(argument.clone());
            found.extend(rest.next().cloned());
        } else if text.starts_with("--config=") || text.starts_with("-Z") {
            found.push(argument.clone());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn what_selects_programs_is_refused_in_every_form_of_cargo() {
        for line in [
            "--bin other",
            "--bin=other",
            "-p one",
            "-pone",
            "-vpone",
            "--workspace",
            "--example x",
            "--lib",
            "--timings --bins",
            "--target x86_64-unknown-linux-gnu",
            "-r",
            "-qr",
            "--profile=dev",
        ] {
            assert!(refuse_other_programs(&words(line)).is_err(), "{line}");
        }
        for line in
            ["-j1", "-j 1", "-Fpr", "--features bin", "--config profile.policy.lto=false", "-vv", "--timings"]
        {
            assert!(refuse_other_programs(&words(line)).is_ok(), "{line}");
        }
    }

    #[test]
    fn the_configuration_on_the_command_line_is_found() {
        let found = of_configuration(&words("--timings --config a=1 -j 1 --config=b=2 -Zc -Z d -v"));
        assert_eq!(found, words("--config a=1 --config=b=2 -Zc -Z d"));
    }
}
