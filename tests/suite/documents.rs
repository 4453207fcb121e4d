//! Links and command lines in the documents are valid.

use std::path::{Path, PathBuf};

use cargo_kw_wasi::cli::Cargo;
use regex_lite::Regex;

/// Path and content of each document.
fn documents() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let entries = [root.to_owned(), root.join("docs")].map(|folder| std::fs::read_dir(folder).unwrap());
    let paths = entries.into_iter().flatten().map(|entry| entry.unwrap().path());
    let documents = paths.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    documents.map(|path| (path.clone(), std::fs::read_to_string(path).unwrap())).collect()
}

#[test]
fn every_link_leads_to_a_file_and_a_heading() {
    let link = Regex::new(r"\]\(([^)\s]+)\)").unwrap();
    let mut checked = 0;
    for (path, text) in documents() {
        for target in link.captures_iter(&text).map(|link| link.get(1).unwrap().as_str()) {
            if target.starts_with("https://") {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let linked = if file.is_empty() { path.clone() } else { path.parent().unwrap().join(file) };
            assert!(linked.exists(), "{}: `{target}`", path.display());
            let headings = || std::fs::read_to_string(&linked).unwrap().lines().filter_map(anchor_of).collect();
            let headings: Vec<String> = if anchor.is_empty() { Vec::new() } else { headings() };
            assert!(
                anchor.is_empty() || headings.iter().any(|heading| heading == anchor),
                "{}: `{target}` is not one of {headings:?}",
                path.display()
            );
            checked += 1;
        }
    }
    assert!(checked > 40, "{checked}");
}

/// The anchor that GitHub gives a heading.
fn anchor_of(line: &str) -> Option<String> {
    let heading = line.strip_prefix('#')?.trim_start_matches('#').strip_prefix(' ')?;
    let letters = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    Some(letters.collect::<String>().to_lowercase().replace(' ', "-"))
}

#[test]
fn every_command_line_is_valid() {
    // Code with the name of the tool, or that starts with a verb and has arguments.
    let named = Regex::new(r"cargo kw-wasi ([a-z-]+[^`\n]*)").unwrap();
    let verbs = Cargo::program().get_subcommands().map(|verb| verb.get_name().to_owned()).collect::<Vec<_>>();
    let short = Regex::new(&format!("`((?:{}) [^`\n]+)`", verbs.join("|"))).unwrap();
    let mut checked = 0;
    for (path, text) in documents() {
        // The changelog may mention options that no longer exist.
        if path.ends_with("CHANGELOG.md") {
            continue;
        }
        for found in named.captures_iter(&text).chain(short.captures_iter(&text)) {
            let line = found.get(1).unwrap().as_str();
            let command = [" | ", " > ", " >> ", "  #", " #", ")", " \\"].iter().fold(line, |line, end| {
                line.split(end).next().unwrap()
            });
            assert_parses(command, &path);
            checked += 1;
        }
    }
    assert!(checked > 60, "{checked}");
}

#[track_caller]
fn assert_parses(command: &str, document: &Path) {
    let words = shlex::split(command).unwrap_or_else(|| panic!("`{command}` has unbalanced quotes"));
    // Placeholders such as FILE are taken as values.
    let result = Cargo::program().try_get_matches_from(std::iter::once("cargo-kw-wasi".to_owned()).chain(words));
    if let Err(error) = result {
        use clap::error::ErrorKind::{DisplayHelp, MissingRequiredArgument};
        assert!(
            matches!(error.kind(), DisplayHelp | MissingRequiredArgument),
            "{}: `{command}`: {error}",
            document.display()
        );
    }
}
