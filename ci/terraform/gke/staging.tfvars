stage         = "staging"
project       = "harness-staging"
location      = "europe-west4"
address_space = "10.50.0.0/20"
nodes         = { size = "n2-standard-4", least = 1, most = 2 }
admins        = { group = "gke-security-groups@example.org", addresses = "10.1.0.0/16" }
release       = { namespace = "ml-staging", name = "r" }
