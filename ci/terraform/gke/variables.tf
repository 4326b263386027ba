variable "stage" {
  description = "Name of the stage, part of every name."
  type        = string
}

variable "project" {
  description = "Project of all resources."
  type        = string
}

variable "location" {
  description = "Region of all resources."
  type        = string
}

variable "address_space" {
  description = "Addresses of the nodes."
  type        = string
}

variable "nodes" {
  description = "Type and number of the nodes of each zone."
  type        = object({ size = string, least = number, most = number })
}

variable "admins" {
  description = "Group whose members may be given roles in the cluster, and addresses that may ask its API."
  type        = object({ group = string, addresses = string })
}

variable "release" {
  description = "Namespace and name of the chart's release, whose service account reads the secrets."
  type        = object({ namespace = string, name = string })
}
