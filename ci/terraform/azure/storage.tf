# Evidence: whoever writes the ledger cannot remove it while it is retained.
resource "azurerm_storage_account" "evidence" {
  #checkov:skip=CKV_AZURE_33:No queue of this account is used
  #checkov:skip=CKV2_AZURE_1:Digests and masked rows are under the platform's keys; a project that keeps full rows adds a key of its own
  name                            = "${local.flat}ev"
  resource_group_name             = azurerm_resource_group.this.name
  location                        = var.location
  account_tier                    = "Standard"
  account_replication_type        = "GZRS"
  min_tls_version                 = "TLS1_2"
  public_network_access_enabled   = false
  allow_nested_items_to_be_public = false
  shared_access_key_enabled       = false
  local_user_enabled              = false
  tags                            = local.tags

  blob_properties {
    versioning_enabled = true

    delete_retention_policy {
      days = 30
    }

    container_delete_retention_policy {
      days = 30
    }
  }

  immutability_policy {
    state                         = "Unlocked"
    period_since_creation_in_days = var.retention_days
    allow_protected_append_writes = false
  }

  network_rules {
    default_action = "Deny"
    bypass         = ["AzureServices"]
  }
}

resource "azurerm_storage_container" "evidence" {
  #checkov:skip=CKV2_AZURE_21:The diagnostic setting below logs reads; this check knows the older resource alone
  name               = "evidence"
  storage_account_id = azurerm_storage_account.evidence.id
}

# For a ledger without a database: an entry replaces the blob, and the version before it stays as long as evidence does.
resource "azurerm_storage_container" "ledger" {
  #checkov:skip=CKV2_AZURE_21:The diagnostic setting below logs reads; this check knows the older resource alone
  name               = "ledger"
  storage_account_id = azurerm_storage_account.evidence.id
}

resource "azurerm_monitor_diagnostic_setting" "evidence" {
  name                       = "evidence"
  target_resource_id         = "${azurerm_storage_account.evidence.id}/blobServices/default"
  log_analytics_workspace_id = azurerm_log_analytics_workspace.this.id

  enabled_log {
    category = "StorageRead"
  }

  enabled_log {
    category = "StorageWrite"
  }

  enabled_log {
    category = "StorageDelete"
  }
}

resource "azurerm_role_assignment" "services_write_evidence" {
  scope                = azurerm_storage_account.evidence.id
  role_definition_name = "Storage Blob Data Contributor"
  principal_id         = azurerm_user_assigned_identity.services.principal_id
}

# What Azure ML keeps for itself: it changes and removes it, so nothing is immutable here.
resource "azurerm_storage_account" "workspace" {
  #checkov:skip=CKV_AZURE_33:No queue of this account is used
  #checkov:skip=CKV2_AZURE_1:What Azure ML keeps is under the platform's keys; models and metrics only
  name                            = "${local.flat}ml"
  resource_group_name             = azurerm_resource_group.this.name
  location                        = var.location
  account_tier                    = "Standard"
  account_replication_type        = "GZRS"
  min_tls_version                 = "TLS1_2"
  public_network_access_enabled   = false
  allow_nested_items_to_be_public = false
  shared_access_key_enabled       = false
  local_user_enabled              = false
  tags                            = local.tags

  blob_properties {
    delete_retention_policy {
      days = 30
    }
  }

  network_rules {
    default_action = "Deny"
    bypass         = ["AzureServices"]
  }
}
