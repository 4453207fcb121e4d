//! Flags of the go command, as users write them: in `GOFLAGS` and on the command line.

use std::ffi::OsString;

use anyhow::Result;

use crate::error::failure;

/// Splits a value of `GOFLAGS` into flags, which are separated by spaces. A flag that contains spaces is in quotes.
pub(crate) fn split(goflags: &str) -> Vec<String> {
    let mut flags = Vec::new();
    let mut rest = goflags.trim_start();
    while let Some(first) = rest.chars().next() {
        let (flag, after) = match first {
            '\'' | '"' => rest[1..].split_once(first).unwrap_or((&rest[1..], "")),
            _ => rest.split_once(char::is_whitespace).unwrap_or((rest, "")),
        };
        flags.push(flag.to_owned());
        rest = after.trim_start();
    }
    flags
}

/// Returns the value of the last flag with this name, `-name=value`, with one or two dashes.
pub(crate) fn value<'a>(flags: &'a [String], name: &str) -> Option<&'a str> {
    flags.iter().rev().find_map(|flag| {
        let flag = flag.strip_prefix("--").or_else(|| flag.strip_prefix('-'))?;
        flag.strip_prefix(name)?.strip_prefix('=')
    })
}

/// Whether there is a flag with this name, with or without a value.
pub(crate) fn has(flags: &[String], name: &str) -> bool {
    flags.iter().any(|flag| is_named(flag, name))
}

fn is_named(flag: &str, name: &str) -> bool {
    let bare = flag.strip_prefix("--").or_else(|| flag.strip_prefix('-'));
    bare.and_then(|bare| bare.strip_prefix(name)).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
}

/// Removes all flags with this name from a command line, and returns their values.
pub(crate) fn take(args: &mut Vec<OsString>, name: &str) -> Vec<String> {
    let mut taken = Vec::new();
    let mut kept = Vec::new();
    let mut rest = std::mem::take(args).into_iter();
    while let Some(arg) = rest.next() {
        match arg.to_str() {
            Some(text) if is_named(text, name) => match text.split_once('=') {
                Some((_, value)) => taken.push(value.to_owned()),
                None => taken.extend(rest.next().map(|value| value.to_string_lossy().into_owned())),
            },
            _ => kept.push(arg),
        }
    }
    *args = kept;
    taken
}

/// Returns the `-ldflags` that strip a module, and those of the user. If the user's begin with a pattern of packages,
/// they stay separate and include ours, because only the last of those that match a package counts.
pub(crate) fn stripped(users: impl IntoIterator<Item = String>) -> Vec<String> {
    const STRIPPED: &str = "-s -w";
    let mut all = STRIPPED.to_owned();
    let mut patterns = Vec::new();
    for flags in users {
        let flags = flags.trim();
        match flags.split_once('=') {
            _ if flags.starts_with('-') => all += &format!(" {flags}"),
            Some((pattern, flags)) => patterns.push(format!("-ldflags={pattern}={STRIPPED} {flags}")),
            None if flags.is_empty() => {}
            // It is invalid, and go will say why.
            None => patterns.push(format!("-ldflags={flags}")),
        }
    }
    let mut ldflags = vec![format!("-ldflags={all}")];
    ldflags.extend(patterns);
    ldflags
}

/// Flags of `go build` that take a value, which may be the next argument (`go help build`).
const WITH_VALUE: [&str; 22] = [
    "C",
    "asmflags",
    "buildmode",
    "compiler",
    "covermode",
    "coverpkg",
    "debug-actiongraph",
    "debug-runtime-trace",
    "debug-trace",
    "gccgoflags",
    "gcflags",
    "installsuffix",
    "ldflags",
    "mod",
    "modfile",
    "o",
    "overlay",
    "p",
    "pgo",
    "pkgdir",
    "tags",
    "toolexec",
];

/// Fails for arguments with which go would write the program elsewhere or not at all, or build another one.
pub(super) fn refuse_other_programs(further: &[OsString]) -> Result<()> {
    let mut rest = further.iter().map(|arg| arg.to_string_lossy());
    while let Some(arg) = rest.next() {
        if is_named(&arg, "o") {
            return Err(failure(
                "`-o` after `--` would hide what go builds from this tool",
                "use `--output` before `--`",
            ));
        }
        if is_named(&arg, "n") {
            return Err(failure(
                "`-n` after `--` keeps go from building anything",
                "use `-x`, which shows the same commands and runs them",
            ));
        }
        if !arg.starts_with('-') {
            return Err(failure(
                format!("`{arg}` after `--` would change which program go builds"),
                "name the package of the policy with `--go-package PATH`, in front of `--`",
            ));
        }
        if !arg.contains('=') && WITH_VALUE.iter().any(|flag| is_named(&arg, flag)) {
            rest.next();
        }
    }
    Ok(())
}

/// Flags that cannot be the reason why a program is not built.
const HARMLESS: [&str; 12] =
    ["buildvcs", "mod", "modcacherw", "modfile", "p", "tags", "trimpath", "v", "work", "x", "json", "a"];

/// Those flags that may be the reason why a program is not built.
pub(super) fn suspicious(flags: &[String]) -> Vec<&str> {
    let is_harmless = |flag: &str| HARMLESS.iter().any(|name| is_named(flag, name));
    flags.iter().map(String::as_str).filter(|flag| !is_harmless(flag)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goflags_are_separated_by_spaces_and_may_be_quoted() {
        assert_eq!(split(" -mod=mod  -v "), ["-mod=mod", "-v"]);
        assert_eq!(split("'-ldflags=-X main.a=1' \"-tags=b\" -v"), ["-ldflags=-X main.a=1", "-tags=b", "-v"]);
        assert_eq!(split("'-ldflags=-X"), ["-ldflags=-X"]);
        assert!(split("").is_empty() && split("'").len() == 1);
    }

    #[test]
    fn the_last_flag_of_a_name_counts() {
        let flags = split("-mod=mod --mod=vendor -modfile=x");
        assert_eq!(value(&flags, "mod"), Some("vendor"));
        assert!(has(&flags, "modfile") && !has(&flags, "mo"));
    }

    #[test]
    fn flags_of_the_linker_are_joined() {
        let mut args =
            ["-ldflags", "-X main.a=1", "-tags=b", "--ldflags=all=-X c=2"].map(OsString::from).to_vec();
        let users = take(&mut args, "ldflags");
        assert_eq!(args, ["-tags=b"]);
        assert_eq!(stripped(users), ["-ldflags=-s -w -X main.a=1", "-ldflags=all=-s -w -X c=2"]);
        assert_eq!(stripped([]), ["-ldflags=-s -w"]);
    }

    #[test]
    fn values_of_flags_are_not_programs() {
        let check = |line: &str| {
            refuse_other_programs(&line.split(' ').map(OsString::from).collect::<Vec<_>>()).is_ok()
        };
        for line in ["-tags prod", "-tags=prod -v", "-ldflags -s", "--gcflags all=-N -a", "-buildvcs"] {
            assert!(check(line), "{line}");
        }
        for line in
            ["./cmd/server", "-tags prod main.go", "-v .", "-tags=a ./...", "-x all", "-o x", "--o=x", "-n"]
        {
            assert!(!check(line), "{line}");
        }
    }
}
