//! Manifests in registries: of one policy, or of images for several platforms.
//!
//! Source: OCI image specification 1.1.

use std::env::consts::{ARCH, OS};

use anyhow::{Context, Result, anyhow};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::artifact;
use crate::error::failure;
use crate::untrusted::printable;

/// The media types that a registry may answer with.
pub(super) const ACCEPTED_MEDIA_TYPES: &str = "application/vnd.oci.image.manifest.v1+json, \
     application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.v2+json, \
     application/vnd.docker.distribution.manifest.list.v2+json";

/// A manifest.
pub(super) enum OciManifest {
    Image(ImageManifest),
    Index(ImageIndex),
}

/// The manifest of one policy.
#[derive(Deserialize)]
pub(super) struct ImageManifest {
    #[serde(rename = "config")]
    _config: IgnoredAny,
    layers: Vec<Layer>,
}

/// A blob that a manifest names.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Layer {
    media_type: String,
    pub(super) digest: String,
    pub(super) size: u64,
}

/// The manifests of images for several platforms.
#[derive(Deserialize)]
pub(super) struct ImageIndex {
    manifests: Vec<IndexedManifest>,
}

#[derive(Deserialize)]
struct IndexedManifest {
    digest: String,
    platform: Option<Platform>,
}

#[derive(Deserialize)]
struct Platform {
    os: String,
    architecture: String,
}

impl OciManifest {
    pub(super) fn parse(json: &[u8]) -> Result<Self> {
        let manifest: serde_json::Value =
            serde_json::from_slice(json).context("its manifest is not valid JSON")?;
        if manifest["schemaVersion"] != 2 {
            return Err(anyhow!("its manifest does not have the schema version 2"));
        }
        let parsed = match manifest.get("manifests") {
            Some(_) => serde_json::from_value(manifest).map(Self::Index),
            None => serde_json::from_value(manifest).map(Self::Image),
        };
        parsed.context("its manifest is not an image manifest")
    }
}

impl ImageManifest {
    /// Returns the layer with the module, as all tools of Kubewarden choose it: all layers are modules, and the first
    /// one is the policy.
    pub(super) fn module(&self) -> Result<&Layer> {
        let other = self.layers.iter().find(|layer| layer.media_type != artifact::LAYER_MEDIA_TYPE);
        match (self.layers.first(), other) {
            (_, Some(other)) => Err(failure(
                format!("it is not a policy: it has a layer of type `{}`", printable(&other.media_type)),
                format!("a policy has only layers of type `{}`", artifact::LAYER_MEDIA_TYPE),
            )),
            (None, None) => Err(anyhow!("it is not a policy: it has no layer")),
            (Some(layer), None) => Ok(layer),
        }
    }
}

impl ImageIndex {
    /// Returns the digest of the manifest for this platform.
    pub(super) fn for_this_platform(&self) -> Result<&str> {
        let os = if OS == "macos" { "darwin" } else { OS };
        let architecture = match ARCH {
            "x86" => "386",
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            "loongarch64" => "loong64",
            "powerpc64" => "ppc64le",
            other => other,
        };
        let is_this = |platform: &Platform| platform.os == os && platform.architecture == architecture;
        let mut manifests = self.manifests.iter();
        manifests
            .find(|manifest| manifest.platform.as_ref().is_some_and(is_this))
            .map(|manifest| manifest.digest.as_str())
            .ok_or_else(|| anyhow!("it is a list of images, and none of them is for this platform"))
    }
}
