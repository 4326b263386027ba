bucket = "harness-state"
key    = "gke/staging.tfstate"
region = "eu-west-1"
