variable "stage" {
  description = "Name of the stage, part of every name."
  type        = string
}

variable "location" {
  description = "Region of all resources."
  type        = string
}

variable "address_space" {
  description = "Addresses of the network; its first quarter is for nodes, its second for private endpoints."
  type        = string
}

variable "kubernetes_version" {
  description = "Minor version of the cluster; the chart is checked for 1.30 to 1.37."
  type        = string

  validation {
    condition     = can(regex("^1\\.3[0-7]$", var.kubernetes_version))
    error_message = "The chart is checked for Kubernetes 1.30 to 1.37."
  }
}

variable "nodes" {
  description = "Size and number of the nodes that serve."
  type        = object({ size = string, least = number, most = number })
}

variable "admins" {
  description = "Object ids of the groups that may administer the cluster."
  type        = list(string)
}

variable "release" {
  description = "Namespace and name of the chart's release, whose service account reads the vault."
  type        = object({ namespace = string, name = string })
}

variable "retention_days" {
  description = "Days that evidence cannot be changed or removed, and logs are kept."
  type        = number
}
