//! The list `members` of a workspace: what it covers, and one entry more with comments and layout kept.

use toml_edit::{Array, RawString, Value};

/// Inserts into a list, in its order if it is sorted, else at the end, on a line of its own if the others are.
pub(super) fn insert(list: &mut Array, item: &str) {
    let present: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
    let sorted = present.len() == list.len() && present.is_sorted();
    let at = if sorted { present.partition_point(|other| *other < item) } else { list.len() };
    let prefix_of = |value: Option<&Value>| {
        value.and_then(|value| value.decor().prefix()?.as_str().map(str::to_owned)).unwrap_or_default()
    };
    let indentation = prefix_of(list.get(0)).rsplit_once('\n').map(|(_, indentation)| indentation.to_owned());
    let mut value = Value::from(item);
    match indentation {
        Some(indentation) => {
            // What follows the item before on its line, such as a comment, stays there: it is stored with what comes
            // next, which is the next item or the end of the list.
            let next = if at < list.len() { prefix_of(list.get(at)) } else { take_end(list) };
            let (same_line, below) = next.split_once('\n').unwrap_or(("", &next));
            let same_line = if at == 0 { "" } else { same_line };
            value.decor_mut().set_prefix(format!("{same_line}\n{indentation}"));
            if at > 0 {
                let below = format!("\n{below}");
                match list.get_mut(at) {
                    Some(next) => next.decor_mut().set_prefix(below),
                    None => list.set_trailing(RawString::from(below)),
                }
            }
            list.set_trailing_comma(true);
        }
        None if at > 0 => value.decor_mut().set_prefix(" "),
        None => {
            if let Some(first) = list.get_mut(0) {
                first.decor_mut().set_prefix(" ");
            }
        }
    }
    list.insert_formatted(at, value);
}

/// What is between the last item of a list and its end. Without a trailing comma it is stored with the item.
fn take_end(list: &mut Array) -> String {
    let trailing = list.trailing().as_str().unwrap_or_default().to_owned();
    let last = list.len().checked_sub(1).and_then(|last| list.get_mut(last));
    let Some(decor) = last.map(Value::decor_mut) else { return trailing };
    let suffix = decor.suffix().and_then(RawString::as_str).unwrap_or_default().to_owned();
    decor.set_suffix("");
    suffix + &trailing
}

/// Does an entry of `members`, a path or a glob, mean this path?
pub(super) fn covers(pattern: &str, member: &str) -> bool {
    let pattern = pattern.trim_start_matches("./").trim_end_matches('/');
    // For cargo `*` matches the name of one folder, not of several.
    let options = glob::MatchOptions { require_literal_separator: true, ..glob::MatchOptions::new() };
    pattern == member
        || glob::Pattern::new(pattern).is_ok_and(|pattern| pattern.matches_with(member, options))
}
