terraform {
  required_version = ">= 1.10"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 6.40"
    }
  }

  # An object beside the state is the lock, written only if it is not there.
  backend "s3" {
    use_lockfile = true
    encrypt      = true
  }
}

provider "google" {
  project = var.project
  region  = var.location
}
