bucket = "harness-state"
key    = "gke/production.tfstate"
region = "eu-west-1"
