//! What a registry stores for a policy: an image manifest, an empty configuration, and the module as the only layer.
//!
//! Source: `kwctl push` 1.36, byte for byte.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::digest::Digest;

/// The media type of the manifest.
pub(crate) const MANIFEST_MEDIA_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";
/// The media type of the configuration.
pub(crate) const CONFIG_MEDIA_TYPE: &str = "application/vnd.wasm.config.v1+json";
/// The media type of the module.
pub(crate) const LAYER_MEDIA_TYPE: &str = "application/vnd.wasm.content.layer.v1+wasm";
/// The configuration, which is empty.
pub(crate) const CONFIG: &[u8] = b"{}";

const SOURCE: &str = "io.kubewarden.policy.source";
/// The annotation that registries use to link to the sources.
const OCI_SOURCE: &str = "org.opencontainers.image.source";

/// A policy in the form in which it is pushed.
#[derive(Debug)]
pub struct Artifact {
    /// The annotated module.
    pub(crate) module: bytes::Bytes,
    /// The manifest: JSON with sorted keys and without spaces, so that the same policy has the same digest.
    pub(crate) manifest: Vec<u8>,
}

/// The manifest, with fields in the order of their names.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactManifest<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<&'a BTreeMap<String, String>>,
    config: BlobDescriptor,
    layers: [BlobDescriptor; 1],
    schema_version: u8,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BlobDescriptor {
    digest: String,
    media_type: &'static str,
    size: usize,
}

impl BlobDescriptor {
    fn of(media_type: &'static str, bytes: &[u8]) -> Self {
        Self { digest: Digest::of(bytes).to_string(), media_type, size: bytes.len() }
    }
}

impl Artifact {
    /// Creates the artifact for a module with the annotations of its metadata.
    pub fn new(module: Vec<u8>, annotations: Option<&BTreeMap<String, String>>) -> Self {
        let annotations = annotations.map(manifest_annotations);
        let manifest = ArtifactManifest {
            annotations: annotations.as_ref(),
            config: BlobDescriptor::of(CONFIG_MEDIA_TYPE, CONFIG),
            layers: [BlobDescriptor::of(LAYER_MEDIA_TYPE, &module)],
            schema_version: 2,
        };
        let manifest = serde_json::to_vec(&manifest).expect("strings and numbers, which JSON can hold");
        Self { module: module.into(), manifest }
    }

    /// The digest of the manifest, which identifies the policy in a registry, whatever its tags.
    pub(crate) fn digest(&self) -> Digest {
        Digest::of(&self.manifest)
    }
}

/// Returns the annotations of the manifest: the one-line annotations of the metadata, trimmed.
fn manifest_annotations(metadata: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut annotations: BTreeMap<_, _> = metadata
        .iter()
        .filter(|(_, value)| value.lines().count() <= 1)
        .map(|(key, value)| (key.clone(), value.trim().to_owned()))
        .collect();
    if let (Some(source), false) = (annotations.get(SOURCE).cloned(), annotations.contains_key(OCI_SOURCE)) {
        annotations.insert(OCI_SOURCE.to_owned(), source);
    }
    annotations
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize)]
    struct Vectors {
        config_blob: String,
        config_media_type: String,
        layer_media_type: String,
        manifest_content_type: String,
        cases: Vec<ArtifactCase>,
    }

    #[derive(serde::Deserialize)]
    struct ArtifactCase {
        name: String,
        metadata_annotations: Option<BTreeMap<String, String>>,
        manifest_annotations: Option<BTreeMap<String, String>>,
    }

    #[test]
    fn manifests_are_those_of_kwctl() {
        let vectors = include_str!("../../tests/vectors/oci-annotations.json");
        let vectors: Vectors = serde_json::from_str(vectors).unwrap();
        assert_eq!(vectors.config_blob.as_bytes(), CONFIG);
        assert_eq!(vectors.config_media_type, CONFIG_MEDIA_TYPE);
        assert_eq!(vectors.layer_media_type, LAYER_MEDIA_TYPE);
        assert_eq!(vectors.manifest_content_type, MANIFEST_MEDIA_TYPE);
        assert!(vectors.cases.len() > 10);
        for case in vectors.cases {
            let artifact = Artifact::new(b"module".to_vec(), case.metadata_annotations.as_ref());
            let manifest: serde_json::Value = serde_json::from_slice(&artifact.manifest).unwrap();
            let expected = case.manifest_annotations.map(|annotations| serde_json::json!(annotations));
            assert_eq!(manifest.get("annotations"), expected.as_ref(), "{}", case.name);
        }
    }

    #[test]
    fn a_manifest_is_canonical() {
        let annotations =
            BTreeMap::from([("b".to_owned(), "2".to_owned()), ("a".to_owned(), "1".to_owned())]);
        let manifest = Artifact::new(b"\0asm".to_vec(), Some(&annotations)).manifest;
        assert_eq!(
            String::from_utf8(manifest).unwrap(),
            "{\"annotations\":{\"a\":\"1\",\"b\":\"2\"},\
             \"config\":{\"digest\":\"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a\",\
             \"mediaType\":\"application/vnd.wasm.config.v1+json\",\"size\":2},\
             \"layers\":[{\"digest\":\"sha256:cd5d4935a48c0672cb06407bb443bc0087aff947c6b864bac886982c73b3027f\",\
             \"mediaType\":\"application/vnd.wasm.content.layer.v1+wasm\",\"size\":4}],\"schemaVersion\":2}"
        );
    }
}
