//! Messages of servers about an error.

/// The longest message that is shown, in characters.
const MAX_SHOWN_CHARS: usize = 300;

/// Returns the message in a body: the messages in a registry's JSON, or plain text. A web page has none.
pub(super) fn message_in(body: &str) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct ErrorResponse {
        errors: Vec<ErrorEntry>,
    }
    #[derive(serde::Deserialize)]
    struct ErrorEntry {
        #[serde(default)]
        message: String,
    }
    let body = body.trim();
    match serde_json::from_str::<ErrorResponse>(body) {
        Ok(response) => {
            let messages: Vec<_> = response.errors.into_iter().map(|entry| entry.message).collect();
            Some(messages.join("; "))
        }
        Err(_) if body.starts_with('<') => None,
        Err(_) => Some(body.to_owned()),
    }
}

/// Shortens a message to one line; `None` if it is empty.
pub(super) fn shortened(text: &str) -> Option<String> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() {
        return None;
    }
    let mut shown: String = text.chars().take(MAX_SHOWN_CHARS).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    Some(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_for_a_browser_is_not_shown() {
        let shown = |body: &str| message_in(body).and_then(|message| shortened(&message));
        assert_eq!(shown("<html>sorry</html>"), None);
        assert_eq!(shown("  no \n more ").as_deref(), Some("no more"));
        let json = r#"{"errors":[{"code":"A","message":"one"},{"code":7,"message":"two"},{"detail":{}}]}"#;
        assert_eq!(shown(json).as_deref(), Some("one; two;"));
        assert_eq!(shown(""), None);
    }
}
