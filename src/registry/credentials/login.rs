//! What proves to a registry who we are.

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};

/// As Go decodes base64; in addition, the padding may be missing, as `kwctl` allows.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What proves who we are, as Docker keeps it. Several of these may be known; empty means unknown. They are bytes, since not
/// every password is UTF-8.
#[derive(Default, PartialEq, Eq)]
pub(super) struct Login {
    pub(super) user: Vec<u8>,
    pub(super) password: Vec<u8>,
    /// For the token server, instead of a password.
    pub(super) identity_token: String,
    /// For the registry itself.
    pub(super) registry_token: String,
}

impl Login {
    /// Reads an entry of `auths`. One without content, which Docker writes beside a credential helper, is an empty login.
    ///
    /// # Errors
    ///
    /// When the entry is not what Docker writes; the message does not repeat any of it.
    pub(super) fn parse(entry: &Value) -> Result<Self, &'static str> {
        let Value::Object(entry) = entry else {
            return if entry.is_null() { Ok(Self::default()) } else { Err("it is not an object") };
        };
        let mut login = Self {
            user: text(entry, "username")?.into(),
            password: text(entry, "password")?.into(),
            identity_token: text(entry, "identitytoken")?.into(),
            registry_token: text(entry, "registrytoken")?.into(),
        };
        let auth = text(entry, "auth")?;
        if !auth.is_empty() {
            (login.user, login.password) = decode(auth)?;
        }
        Ok(login)
    }

    /// Reads the answer of a credential helper.
    pub(super) fn of_helper(answer: &Map<String, Value>) -> Result<Self, &'static str> {
        let (user, secret) = (text(answer, "Username")?, text(answer, "Secret")?);
        Ok(match user {
            "<token>" => Self { identity_token: secret.to_owned(), ..Self::default() },
            _ => Self { user: user.into(), password: secret.into(), ..Self::default() },
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn has_password(&self) -> bool {
        !self.user.is_empty() || !self.password.is_empty()
    }

    /// User and password as they are sent.
    pub(super) fn encoded(&self) -> String {
        BASE64.encode([&self.user, &b":"[..], &self.password].concat())
    }

    /// Everything that must not be shown, in the forms in which it may be repeated.
    pub(super) fn secrets(&self) -> impl Iterator<Item = String> {
        let encoded = if self.has_password() { self.encoded() } else { String::new() };
        let password = String::from_utf8_lossy(&self.password).into_owned();
        let tokens = [self.identity_token.clone(), self.registry_token.clone()];
        [encoded, password].into_iter().chain(tokens).filter(|secret| !secret.is_empty())
    }
}

/// User and password from `auth`, by Docker's rules: line breaks do not count, and NUL at the ends of the password neither.
fn decode(auth: &str) -> Result<(Vec<u8>, Vec<u8>), &'static str> {
    let auth: String = auth.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    let decoded = BASE64.decode(auth).map_err(|_| "its `auth` is not base64")?;
    let colon = decoded.iter().position(|byte| *byte == b':').filter(|colon| *colon > 0);
    let colon = colon.ok_or("its `auth` is not a user and a password with a colon between them")?;
    let password = &decoded[colon + 1..];
    let start = password.iter().position(|byte| *byte != 0).unwrap_or(password.len());
    let end = password.iter().rposition(|byte| *byte != 0).map_or(start, |last| last + 1);
    Ok((decoded[..colon].to_owned(), password[start..end].to_owned()))
}

/// A string in an object; empty if there is none.
fn text<'v>(object: &'v Map<String, Value>, name: &str) -> Result<&'v str, &'static str> {
    match field(object, name) {
        None => Ok(""),
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err("a value in it is not a string"),
    }
}

/// A field by its name, in lower or upper case, as Go finds it. `null` counts as missing.
pub(super) fn field<'v>(object: &'v Map<String, Value>, name: &str) -> Option<&'v Value> {
    let by_case = || object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    object.get(name).or_else(by_case).filter(|value| !value.is_null())
}
