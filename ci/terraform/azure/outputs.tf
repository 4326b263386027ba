# What the chart's values take.
output "tenant" {
  value = data.azurerm_client_config.this.tenant_id
}

output "client" {
  value = azurerm_user_assigned_identity.services.client_id
}

output "key_vault" {
  value = azurerm_key_vault.this.name
}

output "evidence" {
  value = "abfss://evidence@${azurerm_storage_account.evidence.name}.dfs.core.windows.net/evidence"
}

output "ledger" {
  value = "abfss://ledger@${azurerm_storage_account.evidence.name}.dfs.core.windows.net/ledger.db"
}
