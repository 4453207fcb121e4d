//! What may be fetched and changed.

/// What may be fetched and changed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Network {
    /// No file that is committed may change.
    pub(crate) locked: bool,
    /// Nothing may be fetched.
    pub(crate) offline: bool,
    /// Both.
    pub(crate) frozen: bool,
}

impl Network {
    /// May `Cargo.lock` and `metadata.yml` change?
    pub(crate) fn may_change_files(self) -> bool {
        !self.locked && !self.frozen
    }

    /// May something be fetched?
    pub(crate) fn may_fetch(self) -> bool {
        !self.offline && !self.frozen
    }

    pub(crate) fn flags(self) -> impl Iterator<Item = &'static str> {
        let flags = [(self.locked, "--locked"), (self.offline, "--offline"), (self.frozen, "--frozen")];
        flags.into_iter().filter_map(|(given, flag)| given.then_some(flag))
    }
}
