//! How much memory a document may need, found before it is parsed.

use super::ReadError;

/// Of memory, roughly, for the values of one file.
const LIMIT_BYTES: usize = 400_000_000;
/// What a map needs at most with its first keys, and what any other value needs without its text.
const MAP_BYTES: usize = 700;
const VALUE_BYTES: usize = 100;

/// Refuses a string whose values would need far more memory than itself, such as millions of small maps. This looks at
/// the punctuation alone, in strings too: files that people have are far from the limit.
///
/// # Errors
///
/// When they would need more than 400 MB.
pub(crate) fn refuse_heavy(text: &str) -> Result<(), ReadError> {
    let weight = |byte: u8| match byte {
        b'{' => MAP_BYTES,
        b'[' | b',' | b':' | b'-' | b'?' => VALUE_BYTES,
        _ => 0,
    };
    if text.len().saturating_mul(MAP_BYTES) <= LIMIT_BYTES
        || text.bytes().map(weight).sum::<usize>() <= LIMIT_BYTES
    {
        return Ok(());
    }
    Err(ReadError { message: "it has too many values".to_owned(), line: None })
}
