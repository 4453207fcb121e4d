//! Which names a package may have: cargo's rules, with cargo's reasons.
//!
//! Source: cargo 1.95, `cargo new`.

/// Fails with cargo's reason when cargo would refuse the name.
pub(super) fn check(name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err("package name cannot be empty".to_owned());
    }
    let invalid =
        |c: char, rule: &str| Err(format!("invalid character `{c}` in package name: `{name}`, {rule}"));
    let mut chars = name.chars();
    match chars.next() {
        Some(c) if c.is_ascii_digit() => {
            return Err(format!(
                "invalid character `{c}` in package name: `{name}`, the name cannot start with a digit"
            ));
        }
        Some(c) if !(c.is_alphabetic() || c == '_') => {
            return invalid(
                c,
                "the first character must be a Unicode XID start character (most letters or `_`)",
            );
        }
        _ => {}
    }
    if let Some(c) = chars.find(|&c| !(c.is_alphanumeric() || c == '-' || c == '_')) {
        return invalid(c, "characters must be Unicode XID characters (numbers, `-`, `_`, or most letters)");
    }
    let refused = |reason: &str| Err(format!("the name `{name}` cannot be used as a package name, {reason}"));
    if KEYWORDS.contains(&name) {
        return refused("it is a Rust keyword");
    }
    if ["deps", "examples", "build", "incremental"].contains(&name) {
        return refused("it conflicts with cargo's build directory names");
    }
    if name == "test" {
        return refused("it conflicts with Rust's built-in test library");
    }
    if ["core", "std", "alloc", "proc_macro", "proc-macro"].contains(&name) {
        return refused("it is part of Rust's standard library");
    }
    check_file_name(name)
}

/// Fails when no file on Windows may have the name, whatever its ending: what `build` writes is called like the package.
pub(super) fn check_file_name(name: &str) -> Result<(), String> {
    if is_windows_reserved(name.split('.').next().unwrap_or_default()) {
        return Err(format!(
            "the name `{name}` cannot be used as a package name, it is a reserved Windows filename"
        ));
    }
    Ok(())
}

const KEYWORDS: [&str; 52] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop",
    "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self", "Self",
    "static", "struct", "super", "trait", "true", "try", "type", "typeof", "union", "unsafe", "unsized",
    "use", "virtual", "where", "while",
];

fn is_windows_reserved(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let numbered = |prefix| {
        name.strip_prefix(prefix)
            .is_some_and(|n: &str| n.len() == 1 && n.chars().all(|c| ('1'..='9').contains(&c)))
    };
    ["con", "prn", "aux", "nul"].contains(&name.as_str()) || numbered("com") || numbered("lpt")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_cargo_refuses_are_refused_with_its_reason() {
        for (name, reason) in [
            ("", "cannot be empty"),
            ("1a", "cannot start with a digit"),
            ("-a", "first character"),
            ("a b", "characters must be"),
            ("a/b", "characters must be"),
            ("fn", "Rust keyword"),
            ("deps", "build directory"),
            ("test", "built-in test library"),
            ("std", "standard library"),
            ("com1", "Windows"),
            ("NUL", "Windows"),
        ] {
            let error = check(name).unwrap_err();
            assert!(error.contains(reason), "{name}: {error}");
        }
    }

    #[test]
    fn names_that_no_file_on_windows_may_have_are_refused() {
        for name in ["con", "Aux", "nul.v2", "lpt9"] {
            assert!(check_file_name(name).is_err(), "{name}");
        }
        for name in ["console", "demo.con", "com0", "com"] {
            assert_eq!(check_file_name(name), Ok(()), "{name}");
        }
    }

    #[test]
    fn names_that_cargo_takes_are_taken() {
        for name in ["a", "no-latest-tag", "snake_case", "a1", "com10", "union-policy"] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
    }
}
