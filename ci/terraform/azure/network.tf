resource "azurerm_virtual_network" "this" {
  name                = local.name
  resource_group_name = azurerm_resource_group.this.name
  location            = var.location
  address_space       = [var.address_space]
  tags                = local.tags
}

resource "azurerm_subnet" "nodes" {
  name                 = "nodes"
  resource_group_name  = azurerm_resource_group.this.name
  virtual_network_name = azurerm_virtual_network.this.name
  address_prefixes     = [cidrsubnet(var.address_space, 2, 0)]
}

resource "azurerm_subnet" "endpoints" {
  name                 = "endpoints"
  resource_group_name  = azurerm_resource_group.this.name
  virtual_network_name = azurerm_virtual_network.this.name
  address_prefixes     = [cidrsubnet(var.address_space, 2, 1)]
}

resource "azurerm_network_security_group" "this" {
  name                = local.name
  resource_group_name = azurerm_resource_group.this.name
  location            = var.location
  tags                = local.tags
}

resource "azurerm_subnet_network_security_group_association" "nodes" {
  subnet_id                 = azurerm_subnet.nodes.id
  network_security_group_id = azurerm_network_security_group.this.id
}

resource "azurerm_subnet_network_security_group_association" "endpoints" {
  subnet_id                 = azurerm_subnet.endpoints.id
  network_security_group_id = azurerm_network_security_group.this.id
}

locals {
  private = {
    vault     = { id = azurerm_key_vault.this.id, part = "vault" }
    evidence  = { id = azurerm_storage_account.evidence.id, part = "blob" }
    workspace = { id = azurerm_storage_account.workspace.id, part = "blob" }
    registry  = { id = azurerm_container_registry.this.id, part = "registry" }
    learning  = { id = azurerm_machine_learning_workspace.this.id, part = "amlworkspace" }
  }
}

resource "azurerm_private_endpoint" "this" {
  for_each            = local.private
  name                = "${local.name}-${each.key}"
  resource_group_name = azurerm_resource_group.this.name
  location            = var.location
  subnet_id           = azurerm_subnet.endpoints.id
  tags                = local.tags

  private_service_connection {
    name                           = each.key
    private_connection_resource_id = each.value.id
    subresource_names              = [each.value.part]
    is_manual_connection           = false
  }
}
