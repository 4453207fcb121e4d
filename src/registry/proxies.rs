//! Proxies from the environment. This machine is always reached directly.

/// The proxies for requests.
#[derive(Debug, Default)]
pub struct Proxies {
    /// The proxy for plain HTTP.
    pub(crate) http: Option<String>,
    /// The proxy for HTTPS.
    pub(crate) https: Option<String>,
    /// Hosts that are reached directly, in the form of `NO_PROXY`.
    pub(crate) exempt: String,
}

impl Proxies {
    /// Reads the proxies from `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, or the same in lower case.
    pub(super) fn from_environment() -> Self {
        Self::of(|name| std::env::var(name).ok())
    }

    fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        let find = |name: &str| {
            let values = [name.to_lowercase(), name.to_owned()];
            values.iter().filter_map(|name| variable(name)).find(|value| !value.is_empty())
        };
        let all = find("ALL_PROXY");
        // As in Docker and Go, because a password for this machine must not pass through another one.
        let mut exempt = "localhost,127.0.0.0/8,::1".to_owned();
        if let Some(others) = find("NO_PROXY") {
            exempt = format!("{exempt},{others}");
        }
        Self { http: find("HTTP_PROXY").or_else(|| all.clone()), https: find("HTTPS_PROXY").or(all), exempt }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_never_reached_through_a_proxy() {
        let set = |name: &str| match name {
            "http_proxy" => Some("http://small:1".to_owned()),
            "HTTP_PROXY" => Some("http://capital:1".to_owned()),
            "ALL_PROXY" => Some("http://all:1".to_owned()),
            "NO_PROXY" => Some("example.com".to_owned()),
            _ => None,
        };
        let proxies = Proxies::of(set);
        assert_eq!(proxies.http.as_deref(), Some("http://small:1"));
        assert_eq!(proxies.https.as_deref(), Some("http://all:1"));
        assert_eq!(proxies.exempt, "localhost,127.0.0.0/8,::1,example.com");
        let proxies = Proxies::of(|_| None);
        assert_eq!((proxies.http, proxies.https), (None, None));
    }
}
