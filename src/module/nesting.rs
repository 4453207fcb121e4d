//! Finds deeply nested loops, which take a compiler for WebAssembly a very long time.

use wasmparser::{Operator, Parser, Payload};

use super::{in_memory, unreadable};
use crate::finding::{Finding, FindingName};

/// The deepest nesting of loops that is accepted. Compilers write some dozens of levels.
const MOST_NESTED_LOOPS: usize = 200;

/// Reports loops that are nested deeper than any compiler writes. `None` for a damaged module, which has other findings.
pub(crate) fn check_nesting(module: &[u8]) -> Option<Finding> {
    let offset = deep_function(module).ok()??;
    let message = format!(
        "the function at byte {offset} has more than {MOST_NESTED_LOOPS} loops inside each other, which takes too long \
         to compile"
    );
    let fix = "build it with another compiler: none is known to write such code";
    Some(Finding::error(FindingName::NestedLoops, message, fix))
}

/// Returns the offset of the first function that nests too many loops.
fn deep_function(module: &[u8]) -> anyhow::Result<Option<usize>> {
    for payload in Parser::new(0).parse_all(module) {
        let Payload::CodeSectionEntry(body) = payload.map_err(unreadable)? else { continue };
        // Of each open block, whether it is a loop.
        let mut open = Vec::new();
        let mut loops = 0_usize;
        for operator in body.get_operators_reader().map_err(unreadable)? {
            match operator.map_err(unreadable)? {
                Operator::Loop { .. } => {
                    open.push(true);
                    loops += 1;
                }
                Operator::Block { .. } | Operator::If { .. } | Operator::TryTable { .. } => open.push(false),
                Operator::End if open.pop() == Some(true) => loops -= 1,
                _ => {}
            }
            if loops > MOST_NESTED_LOOPS {
                return Ok(Some(in_memory(body.range().start)));
            }
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(block: &str, depth: usize) -> Vec<u8> {
        let (begins, ends) = (format!("{block} ").repeat(depth), "end ".repeat(depth));
        let text = format!("(module (func) (func {begins} {ends}))");
        wat::parse_str(text).unwrap()
    }

    #[test]
    fn loops_may_be_nested_as_deep_as_compilers_do() {
        assert!(check_nesting(&nested("loop", MOST_NESTED_LOOPS)).is_none());
        assert!(check_nesting(&nested("loop", MOST_NESTED_LOOPS + 1)).is_some());
        // Go nests a block for each place where a function may go on.
        assert!(check_nesting(&nested("block", 20_000)).is_none());
        let side_by_side = format!("(module (func {}))", "(loop)".repeat(MOST_NESTED_LOOPS + 1));
        assert!(check_nesting(&wat::parse_str(side_by_side).unwrap()).is_none());
    }
}
