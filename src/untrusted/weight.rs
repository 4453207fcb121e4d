//! Estimates how much memory a JSON document takes once it is parsed, without parsing it.

/// A list entry or a member: a value with room to spare, a key, and what the allocator adds to short strings.
const ENTRY_BYTES: usize = 140;
/// A list allocates room for four values.
const LIST_BYTES: usize = 140;
/// An object allocates a node with room for eleven members.
const OBJECT_BYTES: usize = 660;
/// `{"":0},` is the shortest form of an object in a list.
const MOST_BYTES_PER_BYTE: usize = (OBJECT_BYTES + ENTRY_BYTES) / 7 + 1;

/// Whether the values in this document may take more memory than `limit_bytes`. Accepts any bytes, and never
/// estimates too little.
pub(crate) fn is_heavy(json: &[u8], limit_bytes: usize) -> bool {
    if json.len().saturating_mul(MOST_BYTES_PER_BYTE) <= limit_bytes {
        return false;
    }
    let mut bytes = json.len();
    let mut rest = json.iter();
    while let Some(byte) = rest.next() {
        bytes = bytes.saturating_add(match byte {
            b',' => ENTRY_BYTES,
            b'[' => LIST_BYTES,
            b'{' => OBJECT_BYTES,
            b'"' => {
                skip_string(&mut rest);
                0
            }
            _ => 0,
        });
    }
    bytes > limit_bytes
}

fn skip_string(rest: &mut std::slice::Iter<'_, u8>) {
    while let Some(byte) = rest.next() {
        match byte {
            b'"' => return,
            b'\\' => drop(rest.next()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_weighs_its_length() {
        let text = format!(r#"{{"a":"{}"}}"#, r#"[{,\"\\"#.repeat(1_000_000));
        assert!(!is_heavy(text.as_bytes(), text.len() + OBJECT_BYTES));
        assert!(is_heavy(text.as_bytes(), text.len() - 1));
    }

    #[test]
    fn many_small_values_are_heavy() {
        for one in ["{\"\":0},", "[0],", "0,", "\"\","] {
            let text = one.repeat(1_000_000);
            assert!(is_heavy(text.as_bytes(), 100_000_000), "{one}");
            assert!(!is_heavy(text.as_bytes(), 1_000_000_000), "{one}");
        }
    }
}
