# A machine in a container: systemd, sshd, in the second stage a Docker engine of its own, in the third cloud-init and what
# the machine images of clouds have besides.
ARG BASE_IMAGE
FROM ${BASE_IMAGE} AS bare
ENV DEBIAN_FRONTEND=noninteractive
# procps and iproute2 are on every server.
RUN apt-get update -q && \
    apt-get install -y -q --no-install-recommends \
      ca-certificates dbus iproute2 iptables nftables openssh-server procps systemd systemd-sysv && \
    rm -rf /var/lib/apt/lists/*
CMD ["/sbin/init"]

FROM bare AS docker
RUN apt-get update -q && \
    apt-get install -y -q --no-install-recommends docker.io && \
    rm -rf /var/lib/apt/lists/*

FROM docker AS cloud
# sshfs: the stand-in for a client of NFS, which not every kernel has. Without dhclient, which would wait for an answer.
RUN apt-get update -q && \
    apt-get install -y -q --no-install-recommends awscli cloud-init curl python3 sshfs && \
    rm -rf /var/lib/apt/lists/* /sbin/dhclient
