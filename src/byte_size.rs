//! Sizes in bytes, as a person reads them.

use std::fmt;

/// `612 bytes`, `101.2 kB`, `3.4 MB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteSize(pub usize);

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = |unit: usize| self.0 / unit * 10 + (self.0 % unit * 10 + unit / 2) / unit;
        match self.0 {
            0..1_000 => write!(f, "{} bytes", self.0),
            1_000..1_000_000 => write!(f, "{}.{} kB", tenths(1_000) / 10, tenths(1_000) % 10),
            _ => write!(f, "{}.{} MB", tenths(1_000_000) / 10, tenths(1_000_000) % 10),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_one_digit_behind_the_point() {
        let shown = |bytes| ByteSize(bytes).to_string();
        assert_eq!(shown(0), "0 bytes");
        assert_eq!(shown(999), "999 bytes");
        assert_eq!(shown(1_049), "1.0 kB");
        assert_eq!(shown(1_050), "1.1 kB");
        assert_eq!(shown(3_321_456), "3.3 MB");
        assert!(shown(usize::MAX).ends_with(" MB"));
    }
}
