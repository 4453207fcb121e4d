//! Names of Kubernetes objects: DNS subdomains.
//!
//! Source: RFC 1123 as Kubernetes applies it, and the check of titles by `kwctl scaffold manifest`.

/// The longest name, in bytes.
const MAX_BYTES: usize = 253;
/// The longest part between dots, in bytes.
const MAX_PART_BYTES: usize = 63;

/// Fails with the reason if Kubernetes would refuse the name.
pub fn check_name(name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err("it is empty".to_owned());
    }
    if name.len() > MAX_BYTES {
        return Err(format!("it is longer than {MAX_BYTES} characters"));
    }
    if let Some(c) = name.chars().find(|&c| !(is_alphanumeric(c) || c == '-' || c == '.')) {
        return Err(format!(
            "`{}` is not allowed, only lower-case letters, digits, `-` and `.`",
            c.escape_debug()
        ));
    }
    for part in name.split('.') {
        if part.is_empty() || part.len() > MAX_PART_BYTES {
            return Err(format!("its parts between dots must have 1 to {MAX_PART_BYTES} characters"));
        }
        if part.starts_with('-') || part.ends_with('-') {
            return Err("it must start and end with a letter or digit".to_owned());
        }
    }
    Ok(())
}

/// Proposes a similar name that Kubernetes accepts: `demo-policy` for `Demo Policy`. `None` if nothing is left.
pub(crate) fn propose_name(name: &str) -> Option<String> {
    let mut proposal = String::new();
    for c in name.chars() {
        let c = c.to_ascii_lowercase();
        if is_alphanumeric(c) {
            proposal.push(c);
        } else if !proposal.is_empty() && !proposal.ends_with('-') {
            proposal.push('-');
        }
    }
    proposal.truncate(MAX_PART_BYTES);
    let proposal = proposal.trim_end_matches('-');
    (!proposal.is_empty()).then(|| proposal.to_owned())
}

fn is_alphanumeric(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_dns() {
        let long = "a".repeat(64);
        for name in ["a", "demo-policy", "a.b-c.d1", "1a"] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
        for name in ["", "Demo", "a_b", "a b", "-a", "a-", "a..b", "a.-b", "ä", &long] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_proposal_is_acceptable_and_close() {
        assert_eq!(propose_name("Demo Policy").as_deref(), Some("demo-policy"));
        assert_eq!(propose_name("__my_policy__").as_deref(), Some("my-policy"));
        assert_eq!(propose_name("äöü"), None);
        for name in ["A.B.C", &"x_".repeat(100), "ends with !"] {
            let proposal = propose_name(name).unwrap();
            assert_eq!(check_name(&proposal), Ok(()), "{proposal}");
        }
    }
}
