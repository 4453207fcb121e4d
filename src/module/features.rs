//! The features that a module uses and that the first version of WebAssembly does not have.

use wasmparser::{Validator, WasmFeatures};

/// Returns the features by the names of their proposals. A stripped module has no section that lists them, so the
/// module is validated without each of them.
///
/// For an invalid module, all names are returned.
pub(crate) fn features(module: &[u8]) -> Vec<&'static str> {
    const KNOWN: [(WasmFeatures, &str); 10] = [
        (WasmFeatures::BULK_MEMORY, "bulk-memory"),
        (WasmFeatures::EXTENDED_CONST, "extended-const"),
        (WasmFeatures::MULTI_VALUE, "multivalue"),
        (WasmFeatures::MUTABLE_GLOBAL, "mutable-globals"),
        (WasmFeatures::REFERENCE_TYPES, "reference-types"),
        (WasmFeatures::RELAXED_SIMD, "relaxed-simd"),
        (WasmFeatures::SATURATING_FLOAT_TO_INT, "nontrapping-float-to-int"),
        (WasmFeatures::SIGN_EXTENSION, "sign-ext"),
        (WasmFeatures::SIMD, "simd"),
        (WasmFeatures::TAIL_CALL, "tail-call"),
    ];
    let first = WasmFeatures::FLOATS.union(WasmFeatures::GC_TYPES);
    let all = KNOWN.iter().fold(first, |all, (feature, _)| all.union(*feature));
    let is_needed = |feature: WasmFeatures| {
        Validator::new_with_features(all.difference(feature)).validate_all(module).is_err()
    };
    KNOWN.iter().filter(|(feature, _)| is_needed(*feature)).map(|(_, name)| *name).collect()
}

#[cfg(test)]
mod tests {
    use super::features;

    #[test]
    fn features_are_those_the_code_uses() {
        for (text, names) in [
            ("(module)", &[][..]),
            ("(module (func (drop (i32.extend8_s (i32.const 1)))))", &["sign-ext"]),
            ("(module (func (drop (i32.trunc_sat_f32_s (f32.const 1)))))", &["nontrapping-float-to-int"]),
            (
                "(module (memory 1) (func (memory.fill (i32.const 0) (i32.const 0) (i32.const 1)) (drop (v128.const i32x4 0 0 0 0))))",
                &["bulk-memory", "simd"],
            ),
            ("(module (func $f (result i32 i32) (return_call $f)))", &["multivalue", "tail-call"]),
            ("(module (table 1 externref))", &["reference-types"]),
        ] {
            assert_eq!(features(&wat::parse_str(text).unwrap()), names, "{text}");
        }
    }
}
