resource_group_name  = "harness-state"
storage_account_name = "harnessstate"
container_name       = "state"
key                  = "production.tfstate"
