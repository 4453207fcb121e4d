//! How much memory a document may need, found before it is parsed.

/// Of memory, roughly, for the values of one file.
const LIMIT_BYTES: usize = 400_000_000;
/// What a map needs at most with its first keys, and what any other value needs without its text.
const MAP_BYTES: usize = 700;
const VALUE_BYTES: usize = 100;

/// Would the values of a string need more than 400 MB, far more than itself, such as millions of small maps? This looks at
/// the punctuation alone, in strings too: files that people have are far from the limit.
pub(super) fn is_heavy(text: &str) -> bool {
    let weight = |byte: u8| match byte {
        b'{' => MAP_BYTES,
        b'[' | b',' | b':' | b'-' | b'?' => VALUE_BYTES,
        _ => 0,
    };
    text.len().saturating_mul(MAP_BYTES) > LIMIT_BYTES
        && text.bytes().map(weight).sum::<usize>() > LIMIT_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn millions_of_small_maps_are_heavy() {
        assert!(is_heavy(&"{\"\":0},".repeat(1_000_000)));
        assert!(!is_heavy(&"    name: a-name-of-an-object\n".repeat(500_000)));
    }
}
