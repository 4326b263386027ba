resource "azurerm_application_insights" "this" {
  name                = local.name
  resource_group_name = azurerm_resource_group.this.name
  location            = var.location
  application_type    = "web"
  workspace_id        = azurerm_log_analytics_workspace.this.id
  tags                = local.tags
}

resource "azurerm_container_registry" "this" {
  #checkov:skip=CKV_AZURE_165:One region; images are built again from the lock
  name                          = local.flat
  resource_group_name           = azurerm_resource_group.this.name
  location                      = var.location
  sku                           = "Premium"
  admin_enabled                 = false
  anonymous_pull_enabled        = false
  public_network_access_enabled = false
  quarantine_policy_enabled     = true
  data_endpoint_enabled         = true
  zone_redundancy_enabled       = true
  retention_policy_in_days      = 30
  trust_policy_enabled          = true
  tags                          = local.tags
}

# The registry of models, by MLflow's protocol.
resource "azurerm_machine_learning_workspace" "this" {
  name                          = local.name
  resource_group_name           = azurerm_resource_group.this.name
  location                      = var.location
  application_insights_id       = azurerm_application_insights.this.id
  key_vault_id                  = azurerm_key_vault.this.id
  storage_account_id            = azurerm_storage_account.workspace.id
  container_registry_id         = azurerm_container_registry.this.id
  public_network_access_enabled = false
  high_business_impact          = true
  tags                          = local.tags

  identity {
    type = "SystemAssigned"
  }
}
