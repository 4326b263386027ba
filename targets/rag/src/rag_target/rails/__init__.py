"""Rails: what is looked for in questions, passages and answers before anything of them is passed on."""
