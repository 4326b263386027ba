locals {
  name   = "harness-${var.stage}"
  labels = { stage = var.stage, part-of = "promotion-harness" }
}

resource "google_compute_network" "this" {
  #checkov:skip=CKV2_GCP_18:The cluster writes its own firewall rules; a network without others lets nothing in
  name                    = local.name
  auto_create_subnetworks = false
}

resource "google_compute_subnetwork" "nodes" {
  name                     = local.name
  network                  = google_compute_network.this.id
  region                   = var.location
  ip_cidr_range            = var.address_space
  private_ip_google_access = true

  log_config {
    aggregation_interval = "INTERVAL_10_MIN"
    flow_sampling        = 0.5
    metadata             = "INCLUDE_ALL_METADATA"
  }
}

resource "google_container_cluster" "this" {
  #checkov:skip=CKV_GCP_12:ADVANCED_DATAPATH enforces NetworkPolicies; the older switch cannot stand beside it
  name                     = local.name
  location                 = var.location
  network                  = google_compute_network.this.id
  subnetwork               = google_compute_subnetwork.nodes.id
  remove_default_node_pool = true
  initial_node_count       = 1
  networking_mode          = "VPC_NATIVE"
  datapath_provider        = "ADVANCED_DATAPATH" # enforces the chart's NetworkPolicies
  enable_shielded_nodes    = true

  enable_intranode_visibility = true
  deletion_protection         = true
  resource_labels             = local.labels

  ip_allocation_policy {}

  release_channel {
    channel = "REGULAR"
  }

  workload_identity_config {
    workload_pool = "${var.project}.svc.id.goog"
  }

  authenticator_groups_config {
    security_group = var.admins.group
  }

  master_auth {
    client_certificate_config {
      issue_client_certificate = false
    }
  }

  master_authorized_networks_config {
    cidr_blocks {
      cidr_block = var.admins.addresses
    }
  }

  private_cluster_config {
    enable_private_nodes    = true
    enable_private_endpoint = true
  }

  gateway_api_config {
    channel = "CHANNEL_STANDARD"
  }

  binary_authorization {
    evaluation_mode = "PROJECT_SINGLETON_POLICY_ENFORCE"
  }

  node_config {
    service_account = google_service_account.nodes.email

    workload_metadata_config {
      mode = "GKE_METADATA"
    }

    shielded_instance_config {
      enable_secure_boot          = true
      enable_integrity_monitoring = true
    }
  }
}

resource "google_container_node_pool" "services" {
  name     = "services"
  cluster  = google_container_cluster.this.id
  location = var.location

  autoscaling {
    min_node_count = var.nodes.least
    max_node_count = var.nodes.most
  }

  management {
    auto_repair  = true
    auto_upgrade = true
  }

  node_config {
    machine_type    = var.nodes.size
    image_type      = "COS_CONTAINERD"
    service_account = google_service_account.nodes.email
    oauth_scopes    = ["https://www.googleapis.com/auth/cloud-platform"]
    labels          = local.labels

    workload_metadata_config {
      mode = "GKE_METADATA"
    }

    shielded_instance_config {
      enable_secure_boot          = true
      enable_integrity_monitoring = true
    }
  }
}

resource "google_service_account" "nodes" {
  account_id = "${local.name}-nodes"
}

resource "google_project_iam_member" "nodes" {
  project = var.project
  role    = "roles/container.defaultNodeServiceAccount"
  member  = google_service_account.nodes.member
}

resource "google_service_account" "services" {
  account_id = "${local.name}-services"
}

# The chart's service account is this one: no key of it lies anywhere.
resource "google_service_account_iam_member" "release" {
  service_account_id = google_service_account.services.name
  role               = "roles/iam.workloadIdentityUser"
  member             = "serviceAccount:${var.project}.svc.id.goog[${var.release.namespace}/${var.release.name}]"
}

resource "google_secret_manager_secret" "this" {
  for_each  = toset(["fraud-api-key", "fraud-store-url", "handbook-api-key", "ledger-url"])
  secret_id = each.key
  labels    = local.labels

  replication {
    auto {}
  }
}

resource "google_secret_manager_secret_iam_member" "services" {
  for_each  = google_secret_manager_secret.this
  secret_id = each.value.id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.services.member
}
