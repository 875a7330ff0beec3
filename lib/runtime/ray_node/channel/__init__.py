"""What nodes say to one another: reports and answers, signed with the cluster's token."""
