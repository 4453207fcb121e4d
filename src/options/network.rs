//! What may be fetched and changed.

use crate::project::Network;

/// What may be fetched and changed, as cargo's own commands take it.
#[derive(Debug, clap::Args)]
pub(crate) struct NetworkArgs {
    /// Fail instead of changing Cargo.lock, go.mod or metadata.yml
    #[arg(long)]
    locked: bool,
    /// Use no network
    #[arg(long)]
    offline: bool,
    /// The same as `--locked --offline`
    #[arg(long)]
    frozen: bool,
}

impl From<NetworkArgs> for Network {
    fn from(args: NetworkArgs) -> Self {
        Self { locked: args.locked, offline: args.offline, frozen: args.frozen }
    }
}
