//! The manual, as `make man` writes it.

#[path = "../../examples/man.rs"]
#[allow(dead_code, reason = "`main` is for the example program")]
mod example;

use std::path::Path;

use crate::support::{self, Case};
use cargo_kw_wasi::cli::Cargo;
use snapbox::Data;

#[test]
fn every_page_is_as_expected_and_renders_without_warnings() {
    let case = Case::empty();
    let pages = example::pages(Cargo::program()).unwrap();
    assert_eq!(pages.len(), 9, "one page for the tool and one for each verb");
    for (name, page) in pages {
        let expected = Data::read_from(Path::new(&format!("tests/snapshots/{name}.txt")), None);
        support::assert_snapshot(
            &page.replace(env!("CARGO_PKG_VERSION"), "VERSION"),
            expected,
            case.redactions(),
        );
        case.write(&name, &page);
        let read = case.program("groff").args(["-man", "-ww", "-z", "-rF0", "-Kutf8", &name]).run().code(0);
        assert_eq!((read.stdout.as_str(), read.stderr.as_str()), ("", ""), "{name}");
        let read = case.program("groff").args(["-man", "-Tutf8", "-Kutf8", "-P-cbou", &name]).run().code(0);
        let words: Vec<_> = read.stdout.split_whitespace().collect();
        let verb = name.strip_prefix("cargo-kw-wasi").unwrap().trim_start_matches('-').trim_end_matches(".1");
        assert!(
            words.join(" ").contains(format!("cargo kw-wasi {verb}").trim_end()),
            "{name}: {}",
            read.stdout
        );
        let examples = read.stdout.lines().filter(|line| line.trim_start().starts_with("cargo kw-wasi "));
        assert!(verb.is_empty() || examples.count() > 2, "{name}: {}", read.stdout);
    }
}
