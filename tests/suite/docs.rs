//! The documents say what is true.

use std::path::Path;

/// All Rust files of the tool but its tests, in one text.
fn source() -> String {
    fn collect(folder: &Path, text: &mut String) {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                collect(&path, text);
            } else if path.file_name().is_some_and(|name| name != "tests.rs") {
                text.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }
    let mut text = String::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut text);
    text
}

#[test]
fn every_finding_is_documented_and_every_documented_one_exists() {
    let sections = include_str!("../../docs/findings.md").split("\n## ").map(|section| {
        let names = section.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
        names.collect::<Vec<_>>()
    });
    let sections: Vec<_> = sections.inspect(|names| assert!(names.is_sorted(), "{names:?}")).collect();
    let documented = sections.concat();
    assert!(documented.len() > 45, "{documented:?}");
    let source = source();
    for name in &documented {
        assert!(source.contains(&format!("\"{name}\"")), "`{name}` is a finding");
    }
    // The name is the first text after one of these.
    let mut found = 0;
    for call in ["error(", "warning("] {
        for rest in source.split(call).skip(1) {
            let Some(name) = rest.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next())
            else {
                continue;
            };
            assert!(documented.contains(&name), "`{name}` is documented");
            found += 1;
        }
    }
    assert!(found > 30, "{found}");
}
