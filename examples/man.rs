//! Writes the manual pages of the tool and of each verb to a folder: `man FOLDER`.

use std::path::PathBuf;

use anyhow::{Context, Result};
use cargo_kw_wasi::cli::Cargo;
use cargo_kw_wasi::fs;
use clap::Command;
use clap_mangen::Man;

fn main() -> Result<()> {
    let folder = PathBuf::from(std::env::args_os().nth(1).context("usage: man FOLDER")?);
    for (name, page) in pages(Cargo::program())? {
        fs::write(&folder.join(name), page.as_bytes())?;
    }
    Ok(())
}

/// The name and content of each page about a program.
pub(crate) fn pages(program: Command) -> Result<Vec<(String, String)>> {
    let mut tool = program.disable_help_subcommand(true);
    tool.build();
    let mut pages = vec![(format!("{}.1", tool.get_name()), page(&tool, tool.get_name())?)];
    for verb in tool.get_subcommands().filter(|verb| !verb.is_hide_set()) {
        let name = format!("{}-{}", tool.get_name(), verb.get_name());
        pages.push((format!("{name}.1"), page(verb, &name)?));
    }
    Ok(pages)
}

fn page(command: &Command, name: &str) -> Result<String> {
    let version = env!("CARGO_PKG_VERSION");
    let usage = name.replacen("cargo-kw-wasi", "cargo kw-wasi", 1).replace("kw-wasi-", "kw-wasi ");
    let man = Man::new(command.clone().display_name(name).bin_name(usage).version(version));
    // `Man` omits an empty date, which would shift the fields after it.
    let title = format!(".TH {} 1 \"\" \"cargo-kw-wasi {version}\" \"cargo kw-wasi\"\n", name.to_uppercase());
    let mut roff = title.into_bytes();
    man.render_name_section(&mut roff)?;
    man.render_synopsis_section(&mut roff)?;
    man.render_description_section(&mut roff)?;
    if command.get_arguments().any(|argument| !argument.is_hide_set()) {
        man.render_options_section(&mut roff)?;
    }
    if command.has_subcommands() {
        man.render_subcommands_section(&mut roff)?;
    }
    let mut roff = String::from_utf8(roff).context("a manual page is not UTF-8")?;
    if let Some(examples) = command.get_after_help() {
        roff += &section_of_lines(&examples.to_string());
    }
    Ok(roff)
}

/// Turns `Examples:` and the lines after it into a section that keeps its line breaks.
fn section_of_lines(text: &str) -> String {
    let mut roff = String::new();
    for line in text.lines() {
        match line.strip_suffix(':').filter(|title| !title.starts_with(' ')) {
            Some(title) => roff += &format!(".SH {}\n.nf\n", title.to_uppercase()),
            None => {
                let line = line.strip_prefix("  ").unwrap_or(line).replace('\\', "\\e").replace('-', "\\-");
                // A line that starts with one of these would be a roff command.
                let guard = if line.starts_with(['.', '\'']) { "\\&" } else { "" };
                roff += &format!("{guard}{line}\n");
            }
        }
    }
    roff + ".fi\n"
}
