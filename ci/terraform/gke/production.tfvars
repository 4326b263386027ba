stage         = "production"
project       = "harness-production"
location      = "europe-west4"
address_space = "10.40.0.0/20"
nodes         = { size = "n2-standard-8", least = 1, most = 4 }
admins        = { group = "gke-security-groups@example.org", addresses = "10.1.0.0/16" }
release       = { namespace = "ml", name = "r" }
