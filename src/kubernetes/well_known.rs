//! Custom resources of projects that many clusters have: where their objects are, and irregular plurals.
//!
//! Source: the `CustomResourceDefinition`s that these projects publish. Kinds that are missing here are guessed.

use super::{Scope, names};

/// The kinds of a group, separated by spaces. `Kind=plural` where the plural is not that of the language; `*` stands for
/// every kind, with the kind itself in lower case as the plural.
struct WellKnownGroup {
    group: &'static str,
    cluster: &'static str,
    namespaced: &'static str,
}

#[rustfmt::skip] // a table
const GROUPS: &[WellKnownGroup] = &[
    group("acme.cert-manager.io", "", "Challenge Order"),
    group("addons.cluster.x-k8s.io", "", "ClusterResourceSet ClusterResourceSetBinding"),
    group("apiextensions.crossplane.io", "CompositeResourceDefinition Composition CompositionRevision EnvironmentConfig", ""),
    group("argoproj.io", "ClusterAnalysisTemplate ClusterWorkflowTemplate",
        "AnalysisRun AnalysisTemplate AppProject Application ApplicationSet CronWorkflow EventBus=eventbus EventSource Experiment Rollout Sensor Workflow WorkflowTemplate"),
    group("autoscaling.k8s.io", "", "VerticalPodAutoscaler VerticalPodAutoscalerCheckpoint"),
    group("bitnami.com", "", "SealedSecret"),
    group("cdi.kubevirt.io", "CDI", "DataVolume"),
    group("cert-manager.io", "ClusterIssuer", "Certificate CertificateRequest Issuer"),
    group("chaos-mesh.org", "RemoteCluster", "AWSChaos AzureChaos BlockChaos DNSChaos GCPChaos HTTPChaos IOChaos JVMChaos KernelChaos NetworkChaos PhysicalMachineChaos PodChaos Schedule StressChaos TimeChaos Workflow"),
    group("cilium.io", "CiliumClusterwideEnvoyConfig CiliumClusterwideNetworkPolicy CiliumIdentity CiliumLoadBalancerIPPool CiliumNode",
        "CiliumEndpoint CiliumEnvoyConfig CiliumNetworkPolicy"),
    group("cluster.x-k8s.io", "", "Cluster ClusterClass Machine MachineDeployment MachineHealthCheck MachinePool MachineSet"),
    group("config.openshift.io", "APIServer Authentication Build ClusterOperator ClusterVersion Console DNS=dnses FeatureGate Image Infrastructure Ingress Network Node OAuth OperatorHub Project Proxy Scheduler", ""),
    group("constraints.gatekeeper.sh", "*", ""),
    group("crd.k8s.amazonaws.com", "ENIConfig", ""),
    group("crd.projectcalico.org", "BGPConfiguration BGPPeer FelixConfiguration GlobalNetworkPolicy GlobalNetworkSet HostEndpoint IPPool", "NetworkPolicy NetworkSet"),
    group("elasticsearch.k8s.elastic.co", "", "Elasticsearch"),
    group("external-secrets.io", "ClusterExternalSecret ClusterSecretStore", "ExternalSecret SecretStore"),
    group("gateway.networking.k8s.io", "GatewayClass", "BackendTLSPolicy GRPCRoute Gateway HTTPRoute ReferenceGrant TCPRoute TLSRoute UDPRoute"),
    group("helm.cattle.io", "", "HelmChart HelmChartConfig"),
    group("helm.toolkit.fluxcd.io", "", "HelmRelease"),
    group("hive.openshift.io", "ClusterImageSet", "ClusterClaim ClusterDeployment ClusterPool"),
    group("k8s.cni.cncf.io", "", "NetworkAttachmentDefinition=network-attachment-definitions"),
    group("kafka.strimzi.io", "", "Kafka KafkaConnect KafkaConnector KafkaTopic KafkaUser"),
    group("karpenter.k8s.aws", "EC2NodeClass", ""),
    group("karpenter.sh", "NodeClaim NodePool", ""),
    group("keda.sh", "ClusterTriggerAuthentication", "ScaledJob ScaledObject TriggerAuthentication"),
    group("kubevirt.io", "", "KubeVirt VirtualMachine VirtualMachineInstance VirtualMachineInstanceMigration"),
    group("kueue.x-k8s.io", "AdmissionCheck ClusterQueue ResourceFlavor WorkloadPriorityClass", "LocalQueue Workload"),
    group("kustomize.toolkit.fluxcd.io", "", "Kustomization"),
    group("kyverno.io", "ClusterCleanupPolicy ClusterPolicy GlobalContextEntry", "CleanupPolicy Policy PolicyException"),
    group("machineconfiguration.openshift.io", "ContainerRuntimeConfig ControllerConfig KubeletConfig MachineConfig MachineConfigPool", ""),
    group("metallb.io", "", "BGPAdvertisement BGPPeer IPAddressPool L2Advertisement"),
    group("monitoring.coreos.com", "", "Alertmanager AlertmanagerConfig PodMonitor Probe Prometheus PrometheusAgent PrometheusRule ScrapeConfig ServiceMonitor ThanosRuler"),
    group("mutations.gatekeeper.sh", "*", ""),
    group("networking.istio.io", "", "DestinationRule EnvoyFilter Gateway ProxyConfig ServiceEntry Sidecar VirtualService WorkloadEntry WorkloadGroup"),
    group("operators.coreos.com", "OLMConfig Operator", "CatalogSource ClusterServiceVersion InstallPlan OperatorCondition OperatorGroup Subscription"),
    group("pkg.crossplane.io", "Configuration ConfigurationRevision Function Provider ProviderRevision", ""),
    group("policies.kubewarden.io", "ClusterAdmissionPolicy ClusterAdmissionPolicyGroup PolicyServer", "AdmissionPolicy AdmissionPolicyGroup"),
    group("policy.networking.k8s.io", "AdminNetworkPolicy BaselineAdminNetworkPolicy", ""),
    group("postgresql.cnpg.io", "ClusterImageCatalog", "Backup Cluster ImageCatalog Pooler ScheduledBackup"),
    group("project.openshift.io", "Project ProjectRequest", ""),
    group("route.openshift.io", "", "Route"),
    group("secrets-store.csi.x-k8s.io", "", "SecretProviderClass SecretProviderClassPodStatus"),
    group("security.istio.io", "", "AuthorizationPolicy PeerAuthentication RequestAuthentication"),
    group("security.openshift.io", "SecurityContextConstraints", ""),
    group("serving.knative.dev", "", "Configuration Revision Route Service"),
    group("snapshot.storage.k8s.io", "VolumeSnapshotClass VolumeSnapshotContent", "VolumeSnapshot"),
    group("source.toolkit.fluxcd.io", "", "Bucket GitRepository HelmChart HelmRepository OCIRepository"),
    group("tekton.dev", "ClusterTask", "CustomRun Pipeline PipelineRun Task TaskRun"),
    group("telemetry.istio.io", "", "Telemetry"),
    group("templates.gatekeeper.sh", "ConstraintTemplate", ""),
    group("traefik.io", "", "IngressRoute IngressRouteTCP IngressRouteUDP Middleware=middlewares MiddlewareTCP ServersTransport TLSOption TLSStore TraefikService"),
    group("trust.cert-manager.io", "Bundle", ""),
    group("user.openshift.io", "Group Identity User", ""),
    group("velero.io", "", "Backup BackupStorageLocation Restore Schedule VolumeSnapshotLocation"),
    group("wgpolicyk8s.io", "ClusterPolicyReport", "PolicyReport"),
];

const fn group(group: &'static str, cluster: &'static str, namespaced: &'static str) -> WellKnownGroup {
    WellKnownGroup { group, cluster, namespaced }
}

/// The plural and the scope of a kind, if it is well known.
pub(super) fn find(group: &str, kind: &str) -> Option<(String, Scope)> {
    let known = GROUPS.iter().find(|known| known.group == group)?;
    let in_list = |list: &str| {
        list.split_whitespace().find_map(|item| match item.split_once('=') {
            Some((known, plural)) => (known == kind).then(|| plural.to_owned()),
            None if item == "*" => Some(kind.to_ascii_lowercase()),
            None => (item == kind).then(|| names::plural_of(kind)),
        })
    };
    let cluster = in_list(known.cluster).map(|plural| (plural, Scope::Cluster));
    cluster.or_else(|| Some((in_list(known.namespaced)?, Scope::Namespaced)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_follows_the_syntax_of_kubernetes() {
        let groups: Vec<_> = GROUPS.iter().map(|known| known.group).collect();
        assert!(groups.is_sorted_by(|one, next| one < next), "{groups:?}");
        for known in GROUPS {
            assert!(names::is_group(known.group), "{}", known.group);
            for item in [known.cluster, known.namespaced].join(" ").split_whitespace() {
                let kind = item.split('=').next().unwrap();
                let kind = if kind == "*" { "Any" } else { kind };
                let (plural, _) = find(known.group, kind).unwrap();
                assert!(names::is_resource(&plural), "{kind}: {plural}");
            }
        }
    }

    #[test]
    fn plurals_are_those_of_the_definitions() {
        for (group, kind, plural, scope) in [
            ("cert-manager.io", "ClusterIssuer", "clusterissuers", Scope::Cluster),
            (
                "security.openshift.io",
                "SecurityContextConstraints",
                "securitycontextconstraints",
                Scope::Cluster,
            ),
            ("gateway.networking.k8s.io", "GatewayClass", "gatewayclasses", Scope::Cluster),
            ("gateway.networking.k8s.io", "Gateway", "gateways", Scope::Namespaced),
            ("kyverno.io", "ClusterPolicy", "clusterpolicies", Scope::Cluster),
            ("policies.kubewarden.io", "ClusterAdmissionPolicy", "clusteradmissionpolicies", Scope::Cluster),
            ("chaos-mesh.org", "PodChaos", "podchaos", Scope::Namespaced),
            (
                "k8s.cni.cncf.io",
                "NetworkAttachmentDefinition",
                "network-attachment-definitions",
                Scope::Namespaced,
            ),
            ("constraints.gatekeeper.sh", "K8sRequiredLabels", "k8srequiredlabels", Scope::Cluster),
            ("mutations.gatekeeper.sh", "Assign", "assign", Scope::Cluster),
            ("config.openshift.io", "DNS", "dnses", Scope::Cluster),
            ("config.openshift.io", "Proxy", "proxies", Scope::Cluster),
            ("monitoring.coreos.com", "Prometheus", "prometheuses", Scope::Namespaced),
            ("networking.istio.io", "ServiceEntry", "serviceentries", Scope::Namespaced),
            ("operators.coreos.com", "ClusterServiceVersion", "clusterserviceversions", Scope::Namespaced),
            ("elasticsearch.k8s.elastic.co", "Elasticsearch", "elasticsearches", Scope::Namespaced),
            ("karpenter.k8s.aws", "EC2NodeClass", "ec2nodeclasses", Scope::Cluster),
            ("telemetry.istio.io", "Telemetry", "telemetries", Scope::Namespaced),
            ("cdi.kubevirt.io", "CDI", "cdis", Scope::Cluster),
        ] {
            assert_eq!(find(group, kind), Some((plural.to_owned(), scope)), "{group} {kind}");
        }
        assert_eq!(find("cert-manager.io", "Widget"), None);
        assert_eq!(find("example.com", "ClusterIssuer"), None);
    }
}
