data "azurerm_client_config" "this" {}

locals {
  name = "harness-${var.stage}"
  flat = "harness${var.stage}"
  tags = { stage = var.stage, part-of = "promotion-harness" }
}

resource "azurerm_resource_group" "this" {
  name     = local.name
  location = var.location
  tags     = local.tags
}

resource "azurerm_log_analytics_workspace" "this" {
  name                = local.name
  resource_group_name = azurerm_resource_group.this.name
  location            = var.location
  sku                 = "PerGB2018"
  retention_in_days   = var.retention_days
  tags                = local.tags
}

resource "azurerm_user_assigned_identity" "services" {
  name                = "${local.name}-services"
  resource_group_name = azurerm_resource_group.this.name
  location            = var.location
  tags                = local.tags
}

# The chart's service account is this identity: no secret of it lies anywhere.
resource "azurerm_federated_identity_credential" "services" {
  name                = "release"
  resource_group_name = azurerm_resource_group.this.name
  parent_id           = azurerm_user_assigned_identity.services.id
  audience            = ["api://AzureADTokenExchange"]
  issuer              = azurerm_kubernetes_cluster.this.oidc_issuer_url
  subject             = "system:serviceaccount:${var.release.namespace}:${var.release.name}"
}
