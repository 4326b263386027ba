stage              = "production"
location           = "westeurope"
address_space      = "10.30.0.0/16"
kubernetes_version = "1.34"
nodes              = { size = "Standard_D8ds_v5", least = 3, most = 12 }
admins             = ["00000000-0000-0000-0000-000000000011"]
release            = { namespace = "ml", name = "r" }
retention_days     = 400
