//! Restrictions on network access and on changes to files.

/// Restrictions on network access and on changes to files.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Network {
    /// Whether files that are committed must not change.
    pub(crate) locked: bool,
    /// Whether nothing may be downloaded.
    pub(crate) offline: bool,
    /// Whether both of these restrictions apply.
    pub(crate) frozen: bool,
}

impl Network {
    /// Whether `Cargo.lock` and `metadata.yml` may change.
    pub(crate) fn may_change_files(self) -> bool {
        !self.locked && !self.frozen
    }

    /// Whether files may be downloaded.
    pub(crate) fn may_fetch(self) -> bool {
        !self.offline && !self.frozen
    }

    pub(crate) fn flags(self) -> impl Iterator<Item = &'static str> {
        let flags = [(self.locked, "--locked"), (self.offline, "--offline"), (self.frozen, "--frozen")];
        flags.into_iter().filter_map(|(given, flag)| given.then_some(flag))
    }
}
