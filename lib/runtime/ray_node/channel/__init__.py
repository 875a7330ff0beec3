"""What nodes send one another: reports and answers, signed with the cluster's token."""
