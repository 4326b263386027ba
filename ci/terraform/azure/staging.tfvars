stage              = "staging"
location           = "westeurope"
address_space      = "10.20.0.0/16"
kubernetes_version = "1.34"
nodes              = { size = "Standard_D4ds_v5", least = 2, most = 4 }
admins             = ["00000000-0000-0000-0000-000000000010"]
release            = { namespace = "ml-staging", name = "r" }
retention_days     = 90
