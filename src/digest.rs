//! Digests of bytes, as tools and registries write them.

use std::fmt::{self, Write};
use std::str::FromStr;

use sha2::Digest as _;

/// The digest of some content, as an algorithm and hexadecimal digits, such as `sha256:…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Digest(String);

impl Digest {
    /// Computes the SHA-256 digest of `bytes`.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self(format!("sha256:{}", sha256(bytes)))
    }

    /// Compares this digest with that of `bytes`, by the algorithm of this one.
    ///
    /// # Errors
    ///
    /// Returns the actual digest of `bytes` if it differs.
    pub(crate) fn check(&self, bytes: &[u8]) -> Result<(), Self> {
        let actual = match self.0.split_once(':') {
            Some(("sha384", _)) => Self(format!("sha384:{}", hex(&sha2::Sha384::digest(bytes)))),
            Some(("sha512", _)) => Self(format!("sha512:{}", hex(&sha2::Sha512::digest(bytes)))),
            _ => Self::of(bytes),
        };
        if *self == actual { Ok(()) } else { Err(actual) }
    }

    /// The algorithm and the digits.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Digest {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (length, digits) = match text.split_once(':') {
            Some(("sha256", digits)) => (64, digits),
            Some(("sha384", digits)) => (96, digits),
            Some(("sha512", digits)) => (128, digits),
            _ => return Err(format!("`{text}` is not a SHA-2 digest such as `sha256:…`")),
        };
        match digits.len() == length && digits.chars().all(|c| c.is_ascii_hexdigit()) {
            true => Ok(Self(text.to_owned())),
            false => Err(format!("`{text}` does not have {length} hexadecimal digits")),
        }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Formats bytes as hexadecimal digits, in lower case.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
        text
    })
}

/// Returns the SHA-256 digest in hexadecimal digits, as `sha256sum` prints it.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(&sha2::Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_checked_by_their_algorithm() {
        let of_nothing = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let of_nothing: Digest = of_nothing.parse().unwrap();
        assert_eq!(of_nothing, Digest::of(b""));
        assert_eq!(of_nothing.check(b""), Ok(()));
        assert_eq!(of_nothing.check(b"x"), Err(Digest::of(b"x")));
        let sha512 = "sha512:cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce\
                      47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e";
        assert_eq!(sha512.parse::<Digest>().unwrap().check(b""), Ok(()));
    }

    #[test]
    fn what_cannot_be_checked_is_not_a_digest() {
        for wrong in
            ["", "sha256", "md5:00", "sha256:../v2", "sha256:a?b", &format!("sha256:{}", "g".repeat(64))]
        {
            assert!(wrong.parse::<Digest>().is_err(), "{wrong}");
        }
    }
}
